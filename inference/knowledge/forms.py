"""The forms of knowledge cards: a card as a person writes it, a file of cards, and the filters of the list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from inference.knowledge.files import item_ids
from inference.knowledge.history import (
    LONGEST_KEY,
    LONGEST_LOCALE,
    LONGEST_SOURCE,
    LONGEST_TEXT,
    MOST_CLICKS,
    CardRefused,
    Written,
    written,
)
from inference.models import KnowledgeCard

UPLOAD_BYTES = 5 << 20
UPLOAD_ROWS = 20_000
LIVE, RETIRED, ALL = "live", "retired", "all"


class WordingForm(forms.Form):
    """What a card says; which card it is comes from elsewhere. `seen` is the revision on the page."""

    text = forms.CharField(
        label=_("What it means"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One or two plain sentences: the first 400 characters are told to the model."),
    )
    source = forms.CharField(
        label=_("Source"), max_length=LONGEST_SOURCE, required=False, help_text=_("Where this is known from.")
    )
    item_ids = forms.CharField(
        label=_("Items"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Ids of items, for top-clicked items: between commas or on lines of their own."),
    )
    clicks = forms.IntegerField(label=_("Clicks"), required=False, min_value=0, max_value=MOST_CLICKS)
    seen = forms.IntegerField(required=False, min_value=0, max_value=MOST_CLICKS, widget=forms.HiddenInput)

    def __init__(self, posted: Any = None, *, card: KnowledgeCard | None = None) -> None:
        self.card = card
        super().__init__(posted, initial=_as_typed(card) if card is not None else {"seen": 0})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cleaned["written"] = self._written(cleaned)
            except CardRefused as refusal:
                self.refuse(refusal)
        return cleaned

    def _written(self, cleaned: dict[str, Any]) -> Written:
        card = self.card
        kind, key = (card.kind, card.key) if card is not None else (cleaned["kind"], cleaned["key"])
        return written(
            kind,
            key,
            cleaned["text"],
            locale=card.locale if card is not None else cleaned["locale"],
            source=cleaned["source"],
            item_ids=item_ids(cleaned["item_ids"]),
            clicks=cleaned["clicks"],
        )

    def refuse(self, refusal: CardRefused) -> None:
        """At its field, where the form has one."""
        self.add_error(refusal.field if refusal.field in self.fields else None, refusal.reason)


class NewCardForm(WordingForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=KnowledgeCard.Kind.choices)
    key = forms.CharField(
        label=_("Key"),
        max_length=LONGEST_KEY,
        help_text=_("The term, the query, the item or the category that it is about, as people write it."),
    )
    locale = forms.CharField(
        label=_("Language"),
        max_length=LONGEST_LOCALE,
        required=False,
        help_text=_("Such as en or zh; left empty, it is for all."),
    )
    field_order = ("kind", "key", "locale", "text", "source", "item_ids", "clicks")


def _as_typed(card: KnowledgeCard) -> dict[str, Any]:
    return {
        "text": card.text,
        "source": card.source,
        "item_ids": ", ".join(card.item_ids),
        "clicks": card.clicks,
        "seen": card.revision,
    }


class KnowledgeUploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        max_length=255,
        help_text=_("JSONL or CSV with kind, key and text; also locale, source, item_ids, clicks. Up to 5 MB."),
        widget=forms.FileInput(attrs={"accept": ".jsonl,.ndjson,.json,.csv,.tsv"}),
    )

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > UPLOAD_BYTES:
            raise forms.ValidationError(
                gettext(
                    "The file is larger than 5 MB. Whoever runs the installation can bring it with import_knowledge."
                )
            )
        if sum(piece.count(b"\n") for piece in file.chunks()) > UPLOAD_ROWS:
            raise forms.ValidationError(
                gettext(
                    "The file has more than %(rows)s rows. Whoever runs the installation can bring it with import_knowledge."
                )
                % {"rows": UPLOAD_ROWS}
            )
        file.seek(0)
        return file


class FilterForm(forms.Form):
    """Filters of the list: values only, never names of columns."""

    q = forms.CharField(label=_("Key contains"), max_length=200, required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("all")), *KnowledgeCard.Kind.choices], required=False)
    locale = forms.CharField(label=_("Language"), max_length=LONGEST_LOCALE, required=False)
    state = forms.ChoiceField(
        label=_("Cards"),
        choices=[(LIVE, _("in use")), (RETIRED, _("retired")), (ALL, _("all"))],
        required=False,
    )
    query = forms.CharField(label=_("A query"), max_length=200, required=False)
    after = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
