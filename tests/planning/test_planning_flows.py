"""One digest over all that would go on the wire, made without rendering each flow."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from planning_builders import a_record, a_revision, inputs, number, prepared

from mmsbatch.campaign.configuration import Newline
from mmsbatch.campaign.model import Medium, Message, MessageType
from mmsbatch.gateway.flow import PLACEHOLDER_CLIENT, Flow, FlowWriter, render_flow
from mmsbatch.planning.flows import campaign_flow, digest_flows
from mmsbatch.planning.planner import plan_campaign
from mmsbatch.sending.job import chunk_jobs, flow_text

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_pieces = st.sampled_from(["33600000000", "33600000001", "text33600000000", "<&>\"'", "\n", "é", "{{ x }}", "%"])
_any_text = st.lists(_texts | _pieces, max_size=4).map("".join)
_numbers = st.lists(st.integers(0, 9999).map(number), max_size=4)
_media = st.builds(Medium, _any_text, st.none() | st.integers(0, 1000))


@given(
    st.builds(
        Flow,
        client=_any_text,
        campaign_name=st.none() | _any_text,
        date=st.none() | st.just("2026-12-20 10:00:00"),
        mail_notification=st.none() | st.booleans(),
        numbers=_numbers,
        message=st.builds(
            Message,
            st.sampled_from(MessageType),
            _any_text,
            st.none() | _media,
            st.none() | _media,
            st.none() | _media,
        ),
        text=_any_text,
        newline=st.sampled_from(Newline),
    )
)
def test_a_flow_written_around_is_a_flow_rendered(flow):
    # A flow to nobody is never sent: the writer's has a line for numbers there.
    numbers = flow.numbers or [number(0)]
    assert FlowWriter(flow).write(numbers, flow.text) == render_flow(replace(flow, numbers=numbers))


def planned_of(**changes):
    made = prepared(5, texts=("Bonjour Inès", "Bonjour Noé"), index_of=[0, 1, 0, 1, 0], gateway={"chunk_size": 2})
    return plan_campaign(replace(made, **changes), inputs())


def test_the_digest_is_that_of_the_flows_that_are_sent():
    planned = planned_of()
    flows = [flow_text(planned.prepared, PLACEHOLDER_CLIENT, job.numbers, job.text) for job in chunk_jobs(planned)]
    assert len(flows) == 3
    whole = "".join(f"{flow}\0" for _ in range(2) for flow in flows)
    assert digest_flows([planned, planned]) == hashlib.sha256(whole.encode()).hexdigest()


def test_whatever_changes_a_flow_changes_the_digest():
    base = planned_of()
    campaign = base.prepared.campaign
    others = [
        planned_of(campaign=replace(campaign, name="Other")),
        planned_of(campaign=replace(campaign, schedule=datetime(2026, 12, 20, tzinfo=UTC))),
        planned_of(campaign=replace(campaign, mail_notification=True)),
        planned_of(settings=replace(base.prepared.settings, chunk_size=3)),
        planned_of(rendering=replace(base.prepared.rendering, texts=("Bonjour Inès", "Bonjour Zoé"))),
        planned_of(suppressed=frozenset({6_3998_0001})),
    ]
    assert len({digest_flows([each]) for each in [base, *others]}) == 1 + len(others)


def test_who_was_sent_is_in_no_flow_any_more():
    made = prepared(3)
    left = plan_campaign(made, inputs(a_record(a_revision(accepted=[0, 1, 2]))))
    assert digest_flows([left]) == hashlib.sha256().hexdigest()
    assert campaign_flow(made, "X", ["1"], "t").numbers == ["1"]
