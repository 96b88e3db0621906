"""What `rollcall schema` says of tables and views is what the file has."""
import json
import os

from harness import ROLLCALL, TestCase, at_terminal, run

NOW = "2026-03-04T06:00:00Z"


def described(*arguments):
    """{relation: {column: what is said of it}}"""
    done = run([ROLLCALL, "schema", "--json", *arguments], check=True)
    return {r["name"]: {c["name"]: c for c in r["columns"]} for r in json.loads(done.stdout)}


FIGURES = ("queue_id queue_name media_type offered answered abandoned short_abandoned flow_out over_sla handled transferred blind_transferred "
           "consult_transferred answer_ms abandon_ms flow_out_ms handle_ms talk_ms hold_ms acw_ms dialing_ms contacting_ms "
           "service_level_numerator service_level_denominator service_level_percent abandon_percent avg_answer_seconds avg_handle_seconds "
           "avg_talk_seconds avg_hold_seconds avg_acw_seconds avg_dialing_seconds avg_contacting_seconds avg_hold_when_held_seconds")

# Names that scripts rely on, whatever else the tables hold.
RELIED_ON = {
    "adherence_day": "management_unit_id user_id business_day time_zone business_unit_id left_unit_at day_start_offset_seconds "
                     "day_start_time",
    "adherence_exception": "management_unit_id user_id business_day time_zone start_offset_seconds start_time end_offset_seconds "
                           "end_time secondary_presence_id scheduled_secondary_presence_ids",
    "adherence_actual": "management_unit_id user_id business_day time_zone start_offset_seconds start_time end_offset_seconds end_time "
                        "actual_secondary_presence_id",
    "adherence_period": "management_unit_id user_id business_day time_zone adherence_percentage conformance_percentage impact "
                        "range_start range_end",
    "adherence_explanation": "agent_id start_date length_minutes type status",
    "user_presence": "user_id start_time end_time system_presence organization_presence_id",
    "user_routing_status": "user_id start_time end_time routing_status",
    "schedule_shift": "management_unit_id user_id shift_id start_date length_minutes",
    "schedule_activity": "management_unit_id user_id shift_id activity_no activity_code_id start_date length_minutes",
    "schedule_time_off": "user_id activity_code_id length_minutes",
    "conversation_aggregate": "interval_start interval_end queue_id media_type direction metric qualifier count sum min max ratio "
                              "numerator denominator target",
    "user_aggregate": "interval_start interval_end user_id metric qualifier count sum min max",
    "queue_member": "queue_id user_id ring_number joined member_by deleted_at",
    "team_member": "team_id user_id deleted_at",
    "management_unit_user": "management_unit_id user_id deleted_at",
    "activity_code": "business_unit_id activity_code_id name deleted_at",
    "presence_definition": "presence_definition_id deactivated deleted_at",
    "flow": "flow_id name deleted deleted_at",
    "dimension_change": "table_name id field old_value new_value seen_at run_id",
    "adherence_change": "user_id business_day field old_value new_value seen_at run_id",
    **{name: f"{name}_id name deleted_at" for name in (
        "user queue wrapup_code skill language division team user_group location business_unit management_unit "
        "flow_outcome_definition flow_milestone campaign contact_list messaging_campaign data_table recording_policy "
        "evaluation_form survey_form site edge station did trunk").split()},
    "evaluation_detail": "evaluation_id deleted_at",
    "survey_detail": "survey_id deleted_at",
    "v_metric": "conversation_id participant_no session_no metric_no name value emit_date day half_hour utc_start queue_id queue_name user_id "
                "user_name media_type direction purpose",
    "v_queue_visit": "conversation_id queue_id queue_name media_type entered_at left_at day outcome wait_ms short_abandoned over_sla "
                     "target_seconds user_id user_name",
    "v_agent_leg": "conversation_id user_id user_name queue_id queue_name media_type direction purpose started_at day answered handled talk_ms "
                   "hold_ms acw_ms dialing_ms contacting_ms handle_ms wrap_up_code wrap_up_name transferred transfer_kind to_queue_id to_user_id",
    "v_queue_day": "day " + FIGURES, "v_queue_halfhour": "day half_hour utc_start " + FIGURES,
    "v_agent_state": "user_id user_name kind status day started_at ended_at seconds",
    "v_agent_day": "day user_id user_name logged_in_seconds on_queue_seconds interacting_seconds communicating_seconds idle_seconds "
                   "not_responding_seconds occupancy_percent answered handled handle_ms avg_handle_seconds transferred adherence_percent "
                   "conformance_percent scheduled_seconds paid_seconds",
    "v_adherence_day": "day user_id user_name adherence_percent conformance_percent",
    "v_schedule_day": "day user_id user_name scheduled_seconds paid_seconds",
    "v_day": "day utc_from utc_to hours weekday iso_week month whole proven",
    "freshness": "stream day whole proven", "queue_media": "queue_id media_type target_seconds",
    "reconciliation": "scope day queue_id media_type user_id metric qualifier statistic ours theirs difference verdict reason "
                      "first_checked_at last_checked_at",
    "figure_change": "day queue_id media_type kpi before after moved_at",
    **{name: "question_id" for name in ("evaluation_answer", "evaluation_form_question", "survey_answer")},
}


class Schema(TestCase):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        cls.box = case.site(case.standin(now=NOW).url)
        case.ok(cls.box.extract("--until", NOW))
        cls.said = described()

    def test_it_has_every_column(self):
        kinds = {"table": {}, "view": {}}
        for name, kind in self.box.query("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"):
            kinds[kind][name] = {c[0]: c[1] for c in self.box.query("SELECT name, type FROM pragma_table_info(?)", name)}
        told = {name: {c: d["type"] for c, d in columns.items()} for name, columns in self.said.items()}
        self.assertEqual({n: c for n, c in told.items() if n in kinds["table"]}, kinds["table"])
        self.assertEqual({n: set(c) for n, c in told.items() if n not in kinds["table"]},
                         {n: set(c) for n, c in kinds["view"].items()})
        for name, columns in self.said.items():
            self.assertEqual([c for c, d in columns.items() if not d["description"]], [], name)
            self.assertEqual([c for c, d in columns.items() if name.startswith("v_") and d["description"] == "likewise"], [], name)
        for name in ("v_queue_day", "v_queue_halfhour"):
            self.assertIn("the queue", self.said[name]["queue_id"]["description"])
            self.assertNotIn("nOffered", self.said[name]["answered"]["description"])
            self.assertNotIn("name", self.said[name]["media_type"]["description"])

    def test_names_that_scripts_rely_on(self):
        lacks = {name: missing for name, columns in RELIED_ON.items() if (missing := {*columns.split()} - {*self.said.get(name, ())})}
        self.assertEqual(lacks, {})

    def test_values_of_views_are_of_its_types(self):
        fits = {"TEXT": {"text"}, "REAL": {"real", "integer"}, "INTEGER": {"integer"}, "BIGINT": {"integer"}}
        for (name,) in self.box.query("SELECT name FROM sqlite_master WHERE type = 'view'"):
            for column, said in self.said[name].items():
                kinds = {r[0] for r in self.box.query(f'SELECT DISTINCT typeof("{column}") FROM "{name}"')} - {"null"}
                self.assertLessEqual(kinds, fits[said["type"]], f"{name}.{column}")

    def test_units(self):
        for name, column, unit in (("conversation", "conversation_start", "UTC"), ("v_conversation", "local_start", "local time"),
                                   ("v_conversation", "handle_ms", "ms"), ("adherence_day", "adherence_percentage", "%"),
                                   ("queue", "media_settings", "JSON"), ("v_metric", "day", "day"), ("v_segment", "whole", "0/1"),
                                   ("conversation", "self_served", "0/1"), ("queue", "name", None), ("adherence_day", "impact_seconds", "s")):
            self.assertEqual(self.said[name][column]["unit"], unit, f"{name}.{column}")

    def test_one_or_the_nearest(self):
        self.assertEqual(set(described("queue")), {"queue"})
        self.assertIn("queue_id ", run([ROLLCALL, "schema", "queue"], check=True).stdout)
        self.assertIn("did you mean queue", self.ok(run([ROLLCALL, "schema", "queu"]), 2).stderr)
        self.ok(run([ROLLCALL, "schema", "queue", "user"]), 2)

    def test_a_terminal_cuts_no_words(self):
        shown, code = at_terminal([ROLLCALL, "--no-pager", "schema", "v_queue_day"], dict(os.environ, TERM="xterm"), 80, lines=24)
        self.assertEqual(code, 0)
        self.assertLessEqual(max(map(len, shown.splitlines())), 80)
        words = " ".join(shown.split())
        for name, said in self.said["v_queue_day"].items():
            self.assertIn(" ".join(filter(None, (name, said["type"], said["unit"], said["description"]))), words)
