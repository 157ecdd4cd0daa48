"""Why a pair got no answer that can be used, in the reader's language: the model's answer is invalid, or there was none.

Codes are what is stored and what programs read; each has its sentence here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jobs import failures

# Of relevance.chain.Reason, and `posterior` of the pipeline.
WHY_INVALID: Mapping[str, Promise] = {
    "prose": _("It answered in prose: there is no JSON object in what it said."),
    "not_json": _("What it said is not one whole JSON object."),
    "schema": _("Its JSON has not the form that was asked for."),
    "label": _("It names a label that was not offered."),
    "two_labels": _("It names two labels."),
    "no_label": _("It names no label."),
    "too_large": _("Its answer is too long to be read."),
    "unknown_rule": _("It cites a rule that it was not told."),
    "mismatch_missing": _("It says mismatch, but not in which dimension."),
    "nonce": _("It does not repeat the code it was asked with, so it may answer another question."),
    "length": _(
        "Its answer was cut off before its end: it writes more than it may, or its server allows it too little."
    ),
    "posterior": _("Its probabilities are no distribution over the labels."),
}
# Of inference.engines, and of those who ask them. What a server said stands behind the code in the job's row.
WHY_NO_ANSWER: Mapping[str, Promise] = {
    "auth": _("The model's server refuses the key, or none was sent."),
    "not_found": _("The model's server knows no such model or path."),
    "bad_request": _("The model's server refuses the request."),
    "http_5xx": _("The model's server has failed."),
    "rate_limited": _("The model's server is asked too often."),
    "truncated": _("The answer of the model's server broke off."),
    "html": _("A web page answers where a model should."),
    "not_api": _("What answers does not speak OpenAI's protocol."),
    "other_model": _("Another model answered than the one that was asked."),
    "constraint_ignored": _("The model's server did not hold the answer to what was asked for."),
    "waiting": _("The model's server has failed again and again, and is left alone for a while."),
    "engine": _("The engine within the worker has failed."),
    "no_answer": _("The model gave no answer."),
    "script_ended": _("The model gave no further answer."),
    "unknown_engine": _("The worker knows no such engine."),
    "other_revision": _("The worker has another revision of the model than the one that was asked for."),
    "not_installed": _("A package that this engine needs is not installed where the worker runs."),
    "out_of_memory": _("The question did not fit into the memory of the device."),
    "too_long": _("The question is longer than the model reads."),
    "picture": _("The picture cannot be read, or not by this model."),
    "no_pictures": _("The model reads text alone, and was to be shown a picture."),
    "choices": _("The letters that it was to answer with are no single tokens of this model."),
    "no_config": _("The model's folder holds no config.json that can be read."),
    "config": _("The model's config.json does not fit."),
    "adapter": _("The model's folder holds an adapter alone, which needs its base model."),
    "no_safetensors": _("The model's folder holds no weights as safetensors."),
    "no_tokenizer": _("The model's folder holds no tokenizer."),
    "tokenizer": _("The model's tokenizer cannot be used."),
    "no_processor": _("The model's folder does not say how pictures are made ready."),
    "processor": _("What makes the model's pictures ready cannot be loaded."),
    "no_chat_template": _("The model's folder holds no chat template."),
    "chat_template": _("The model's chat template leaves out what it is asked."),
    "remote_code": _("The model needs code that lies in its folder, and such code is never run."),
    "unknown_model_type": _("The transformers of the worker does not know models of this type."),
    "no_chat_model": _("The model's weights are made for something else than writing answers."),
    "not_loaded": _("The model's weights cannot be loaded."),
    "weights_missing": _("Some of the model's weights are in no file."),
}
# Of a whole canary run or back-test, stored as the rest is.
WHY_NOTHING: Mapping[str, Promise] = {
    "no_pairs": _("There was no pair to ask about."),
    "invalid": _("The model's answers cannot be used."),
}


def why_invalid(reason: str) -> str:
    """The sentence for a reason; for one of an earlier version its code."""
    return str(WHY_INVALID.get(reason, reason))


def why(code: str) -> str:
    """The sentence for any code that stands where a label should."""
    return failures.of(code).sentence
