"""What programs may do with pre-label runs (docs/api.md): start one, ask how far it is."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpResponse
from ninja import Body, Router, Status
from pydantic import BaseModel, Field

from inference.models import PrelabelRun
from inference.prelabel import progress, runs
from inference.prelabel.runs import MOST_SAMPLES, ONLY, Wish
from projects.bearer import ProgramRequest
from projects.openapi import made, refusals
from projects.problems import Asked, Text, WhyNothing
from projects.requests import one

router = Router(tags=["runs"])


class RunAsked(Asked):
    """What a run is asked for. `runs.start_run` decides whether it can be had; the bounds here tell what it takes."""

    model: Text = Field(default="", description="Name of a registered model; the project's active one where absent.")
    samples: Annotated[int, Field(json_schema_extra={"minimum": 1, "maximum": MOST_SAMPLES})] = Field(
        default=1, description="Chains per pair, of a large model."
    )
    only: Text = Field(
        default="",
        json_schema_extra={"enum": [*ONLY]},
        description="`missing`: pairs without an answer of this model; `failed`: those it could not answer; "
        "`stale`: those answered by older words, rules or content. All pairs where empty.",
    )


class RunState(BaseModel):
    """How far a run is. Ask until `ended`."""

    run: int = Field(description="Its number.")
    model: str = Field(description="The model's name and revision.")
    ended: bool = Field(description="No pair is left to work on.")
    cancelled: bool = Field(description="Somebody stopped it; it can be resumed on its page.")
    stopped: bool = Field(
        description="Its engine refuses to answer at all: `why_nothing` says why and what to do; then it can be resumed on "
        "its page."
    )
    pairs: int = Field(description="Pairs that it is about.")
    done: int = Field(description="Pairs that need no more work, for whatever reason.")
    reused: int = Field(description="Pairs that this model had answered already.")
    ok: int = Field(description="Answers that can be used.")
    invalid: int = Field(description="Answers that can not; they are no label.")
    failed: int = Field(description="Pairs whose last attempt failed, `dead` included.")
    dead: int = Field(description="Pairs that are not tried again.")
    rate: float | None = Field(description="Pairs per second over the last minute; null where none ended in it.")
    seconds_left: float | None = Field(description="Seconds until the end at this rate; null where there is none.")
    tokens_in: int = Field(description="Tokens that the model read.")
    tokens_out: int = Field(description="Tokens that it wrote.")
    cached_tokens: int = Field(description="Tokens of those it read that came from its cache.")
    why_nothing: WhyNothing | None = Field(
        description="Once it has ended and no pair has an answer that can be used: the reason that most pairs share. "
        "Where its engine stopped it: why, whatever was answered before. Else null."
    )


ANY_RUN = RunAsked()


@router.post(
    "runs/",
    url_name="api-v1-runs",
    summary="Start a pre-label run",
    response={201: RunState},
    openapi_extra={
        "responses": made("The run, its jobs queued.", "run_state", run_id="run")
        | refusals(
            {
                400: "The body or a field cannot be read, or no model is called so (`unfit`, `wish`, `unknown_model`).",
                409: "Not now: no rules are published or the project has no pairs.",
                413: "The body is larger than 2.5 MB.",
            }
        )
    },
)
def start_run(request: ProgramRequest, response: HttpResponse, asked: Body[RunAsked] = ANY_RUN) -> Status[RunState]:
    """Asks the model about every pair of the project, or those of `only`. Each call starts another run."""
    wish = Wish(asked.model or None, asked.samples, asked.only)
    run = runs.start_run(request.project, request.person, wish)
    response["Location"] = f"{request.path}{run.pk}/"
    return Status(201, _state(run))


@router.api_operation(
    ["GET", "HEAD"], "runs/{int:run_id}/", url_name="api-v1-run", summary="How far a run is", response=RunState
)
def run_state(request: ProgramRequest, run_id: int) -> RunState:
    return _state(one(PrelabelRun.objects.filter(project=request.project).select_related("model"), run_id))


def _state(run: PrelabelRun) -> RunState:
    seen = progress.progress(run)
    return RunState(
        run=run.pk,
        model=str(run.model),
        ended=seen.terminal,
        cancelled=seen.cancelled,
        stopped=seen.stopped is not None,
        pairs=seen.pairs,
        done=seen.done,
        reused=seen.reused,
        ok=seen.ok,
        invalid=seen.invalid,
        failed=seen.failed,
        dead=seen.dead,
        rate=seen.rate,
        seconds_left=seen.seconds_left,
        tokens_in=seen.cost.tokens_in,
        tokens_out=seen.cost.tokens_out,
        cached_tokens=seen.cost.tokens_cached,
        why_nothing=WhyNothing.of(progress.why_nothing(run, seen)),
    )
