"""The vendor's own client as a second judge: what its JavaScript SDK reads from the stand-in is what the file holds.

Each stream is extracted, and read by the SDK's own methods (read.js); the answers become rows by a second reading of the
schema's comments (rows.py), which must be those of the file.
"""
import collections
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import CLIENT_ID, CLIENT_SECRET, ROOT, TestCase, needs, stream_names  # noqa: E402
import rows  # noqa: E402
from declared import Declarations  # noqa: E402

SDK = ROOT / "build" / "sdk" / "node_modules" / "purecloud-platform-client-v2"
START, NOW = "2026-03-02", "2026-03-04T18:00:00Z"
PAGE = {"pageSize": 100, "pageNumber": "{page}"}
AFTER = {"pageSize": 100, "after": "{cursor}"}
WHOLE = {}


class Read:
    """How the SDK reads what fills a table, or several. `over`: the windows, or SQL over the file whose rows they are;
    `ids`: SQL of ids, or of JSON objects, that are asked for; `where`: the root's rows in the file that it brings; `lacks`: tables that it
    does not; `repeats`: rows may come twice; `settings`: of a site of its own."""

    def __init__(self, tables, api, steps, entities="entities", over=({},), ids=None, where="1", lacks=(), source="", repeats=False,
                 settings=None):
        self.tables, self.api, self.steps, self.entities = tables.split(), api, steps, entities
        self.over, self.ids, self.where, self.lacks, self.source, self.repeats = over, ids, where, lacks, source, repeats
        self.settings, self.site = settings or {}, None
        self.name = f"{tables} by {steps[0]['call'][0]}"

    def path_in(self, answer):
        """Where the array of entities is in an answer, "" being the answer; the first that is there of several."""
        paths = self.entities.strip(".").split("|")
        return next((path for path in paths if path and rows.member(answer, path)), paths[0])

    def entities_of(self, answer):
        path = self.path_in(answer)
        return [answer] if self.entities == "." else (rows.member(answer, path) if path else answer) or []

    def task(self):
        site = self.site
        windows = [dict(w) for w in (site.query(self.over) if isinstance(self.over, str) else self.over)]
        self.marks = {"@" + k for w in windows for k in w}
        windows = [{"{%s}" % k: v for k, v in w.items()} for w in windows]
        if self.ids:
            ids = [json.loads(r[0]) if r[0].startswith("{") else r[0] for r in site.query(self.ids)]
            windows = [{**w, "{ids}": ids} for w in windows]
        return {"name": self.name, "api": self.api, "steps": self.steps, "windows": windows}


def listed(table, method, first=PAGE, each=None, **more):
    """A list of entities; for each of the ids that the SQL `each` finds."""
    api, call = method.split(".")
    return Read(table, api, [{"call": [call, *(["{scope}"] if each else []), {**first, **more}], "rows": "entities"}], over=each or ({},))


def job(noun, body, rows_at):
    """The steps of an analytics job."""
    return [{"call": [f"postAnalytics{noun}DetailsJobs", body], "token": "jobId"},
            {"call": [f"getAnalytics{noun}DetailsJob", "{token}"], "until": ["state", "FULFILLED"]},
            {"call": [f"getAnalytics{noun}DetailsJobResults", "{token}", {"pageSize": 500, "cursor": "{cursor}"}], "rows": rows_at},
            {"call": [f"deleteAnalytics{noun}DetailsJob", "{token}"]}]


ALL = {"interval": f"{START}T00:00:00Z/{NOW}"}


def query(call, rows_at, **more):
    """The steps of an analytics query that has pages."""
    return [{"call": [call, {**ALL, "paging": PAGE, **more}], "rows": rows_at}]


def half_hours(call, metrics, *group, **more):
    """The steps of an analytics query of aggregates."""
    body = {**ALL, "granularity": "PT30M", "timeZone": "UTC", "metrics": metrics, "groupBy": group, **more}
    return [{"call": [call, body], "rows": "results", "batch": 100}]


def by_id(call, rows_at, batch, as_option=None):
    return [{"call": [call, {as_option: "{ids}"} if as_option else "{ids}"], "rows": rows_at, "batch": batch}]


RANGE = {"startDate": "{start}", "endDate": "{end}"}


def windows(stream):
    """Those that a stream has read: some rows say which they were read in."""
    return f"SELECT scope, window_start AS start, window_end AS end FROM extract_window WHERE stream = '{stream}'"


def single(table, call, over, entities=".", api="QualityApi"):
    """An object a request, the arguments being those of a window."""
    return Read(table, api, [{"call": call, "rows": ""}], entities, over=over)


# Those of the days that were read.
OF_CONVERSATIONS = ("SELECT DISTINCT conversation_id AS conversation, {id} AS id, substr(conversation_start, 1, 10) || 'T00:00:00.000Z' AS start "
                    f"FROM {{table}} JOIN conversation USING (conversation_key) WHERE conversation_start >= '{START}'")
ITEM = {"managementUnitId": "{scope}", "startDate": "{start}", "endDate": "{end}", "includeExceptions": True, "includeActuals": True}
DAYS_OF_UNITS = ("SELECT scope, window_start AS start, window_end AS end, w.time_zone AS zone, date(window_start, '+12 hours') AS day, "
                 "business_unit_id AS parent FROM extract_window w JOIN management_unit ON management_unit_id = scope "
                 "WHERE stream = 'adherence_historical' AND complete_to >= window_end")
EXPLANATIONS = {"url": "downloadUrl", "type": "AdherenceExplanationListingBuQueryResponse", "rows": ""}
METRICS = ["nOffered", "nTransferred", "tAnswered", "tHandle", "tAbandon", "oServiceLevel", "oServiceTarget"]
TIMES = ["tAgentRoutingStatus", "tSystemPresence", "tOrganizationPresence"]
READS = [
    listed("user", "UsersApi.getUsers", state="any"),
    listed("queue", "RoutingApi.getRoutingQueues"),
    listed("queue_member", "RoutingApi.getRoutingQueueMembers", each="SELECT queue_id AS scope FROM queue"),
    listed("wrapup_code", "RoutingApi.getRoutingWrapupcodes"),
    listed("skill", "RoutingApi.getRoutingSkills"),
    listed("language", "RoutingApi.getRoutingLanguages"),
    listed("division", "AuthorizationApi.getAuthorizationDivisions"),
    listed("team", "TeamsApi.getTeams", AFTER, expand="entities.division"),
    listed("team_member", "TeamsApi.getTeamMembers", AFTER, each="SELECT team_id AS scope FROM team", expand="entities"),
    listed("user_group", "GroupsApi.getGroups"),
    listed("location", "LocationsApi.getLocations"),
    Read("presence_definition", "PresenceApi",
         [{"call": ["getPresenceDefinitions0", {"deactivated": "{deactivated}", "localeCode": "ALL"}], "rows": "entities"}],
         over=({"deactivated": "FALSE"}, {"deactivated": "TRUE"})),
    listed("business_unit", "WorkforceManagementApi.getWorkforcemanagementBusinessunits", WHOLE),
    listed("activity_code", "WorkforceManagementApi.getWorkforcemanagementBusinessunitActivitycodes", WHOLE,
           each="SELECT business_unit_id AS scope FROM business_unit"),
    listed("management_unit", "WorkforceManagementApi.getWorkforcemanagementManagementunits", WHOLE),
    listed("management_unit_user", "WorkforceManagementApi.getWorkforcemanagementManagementunitUsers", WHOLE,
           each="SELECT management_unit_id AS scope FROM management_unit"),
    listed("flow", "ArchitectApi.getFlows", deleted=True),
    listed("flow_outcome_definition", "ArchitectApi.getFlowsOutcomes"),
    listed("flow_milestone", "ArchitectApi.getFlowsMilestones"),
    listed("campaign", "OutboundApi.getOutboundCampaigns"),
    listed("contact_list", "OutboundApi.getOutboundContactlistsDivisionviews"),
    listed("messaging_campaign", "OutboundApi.getOutboundMessagingcampaigns"),
    listed("data_table", "ArchitectApi.getFlowsDatatables"),
    listed("recording_policy", "RecordingApi.getRecordingMediaretentionpolicies"),
    listed("evaluation_form", "QualityApi.getQualityFormsEvaluations", expand="publishHistory"),
    listed("survey_form", "QualityApi.getQualityFormsSurveys", expand="publishHistory"),
    listed("site", "TelephonyProvidersEdgeApi.getTelephonyProvidersEdgesSites"),
    listed("edge", "TelephonyProvidersEdgeApi.getTelephonyProvidersEdges"),
    listed("station", "StationsApi.getStations"),
    listed("did", "TelephonyProvidersEdgeApi.getTelephonyProvidersEdgesDids"),
    listed("trunk", "TelephonyProvidersEdgeApi.getTelephonyProvidersEdgesTrunks"),
    Read("conversation", "AnalyticsApi", job("Conversations", ALL, "conversations"), "conversations"),
    Read("conversation", "AnalyticsApi", query("postAnalyticsConversationsDetailsQuery", "conversations"), "conversations",
         where=f"r.conversation_start >= '{START}'", lacks=["participant_attribute"]),
    Read("conversation", "AnalyticsApi", by_id("getAnalyticsConversationsDetails", "conversations", 50, "id"), "conversations",
         ids="SELECT conversation_id FROM conversation", lacks=["participant_attribute"]),
    Read("adherence_state", "WorkforceManagementApi", by_id("getWorkforcemanagementAdherence", "", 100), "",
         ids="SELECT user_id FROM user WHERE state = 'active'", where="state_end IS NULL", source="workforcemanagement"),
    Read("adherence_state", "AnalyticsApi",
         [{"call": ["postAnalyticsAgentsStatusQuery", {"userFilter": {"type": "or", "predicates": "{ids}"}}], "rows": "", "batch": 50}],
         ids="SELECT json_object('dimension', 'userId', 'value', user_id) FROM user WHERE state = 'active'", where="state_end IS NULL",
         source="agents_status", settings={"streams": "users, adherence_realtime", "adherence": {"realtime": "agents_status"}}),
    Read("adherence_day adherence_period", "WorkforceManagementApi",
         [{"call": ["postWorkforcemanagementAdherenceHistoricalBulk", {"items": [ITEM], "timeZone": "{zone}"}], "token": "job.id"},
          {"call": ["getWorkforcemanagementAdherenceHistoricalBulkJob", "{token}"], "until": ["job.status", "Complete"],
           "token": "downloadUrls"},
          {"get": "{token}", "type": "WfmHistoricalAdherenceBulkResult", "rows": "userResults"}], "userResults", over=DAYS_OF_UNITS),
    Read("adherence_day adherence_period", "WorkforceManagementApi",
         [{"call": ["postWorkforcemanagementManagementunitHistoricaladherencequery", "{scope}",
                    {**RANGE, "timeZone": "{zone}", "includeExceptions": True}], "token": "id"},
          {"call": ["getWorkforcemanagementAdherenceHistoricalJob", "{token}"], "until": ["queryState", "Complete"], "token": "downloadUrls"},
          {"get": "{token}", "type": "WfmHistoricalAdherenceResultWrapper", "rows": "data"}], "data", over=DAYS_OF_UNITS,
         settings={"streams": "adherence_historical", "deny": ["/api/v2/workforcemanagement/adherence/historical/bulk"]}),
    Read("user_presence user_routing_status", "UsersApi", job("Users", ALL, "userDetails"), "userDetails"),
    Read("user_presence user_routing_status", "UsersApi", query("postAnalyticsUsersDetailsQuery", "userDetails"), "userDetails",
         repeats=True),
    Read("schedule_shift schedule_time_off", "WorkforceManagementApi",
         [{"call": ["postWorkforcemanagementManagementunitAgentschedulesSearch", "{scope}", RANGE], "until": ["status", "Complete"],
           "url": "downloadUrl", "type": "BuAgentSchedulesSearchResponse", "rows": ""}], "result.agentSchedules|agentSchedules",
         over=windows("schedules")),
    Read("adherence_explanation", "WorkforceManagementApi",
         [{"call": ["postWorkforcemanagementBusinessunitAdherenceExplanationsQuery", "{scope}", RANGE], "token": "job.id", **EXPLANATIONS},
          {"call": ["getWorkforcemanagementAdherenceExplanationsJob", "{token}"], "until": ["status", "Complete"], **EXPLANATIONS}],
         "result.entities|entities", over=windows("adherence_explanation")),
    Read("conversation_aggregate", "AnalyticsApi", half_hours("postAnalyticsConversationsAggregatesQuery", METRICS, "queueId", "mediaType",
                                                              "direction"), "results", where=f"r.metric IN {tuple(METRICS)}"),
    Read("user_aggregate", "UsersApi", half_hours("postAnalyticsUsersAggregatesQuery", TIMES, "userId",
                                                filter={"type": "or", "predicates": "{ids}"}), "results",
         ids="SELECT json_object('dimension', 'userId', 'value', user_id) FROM user"),
    single("evaluation_detail", ["getQualityConversationEvaluation", "{conversation}", "{id}"],
           OF_CONVERSATIONS.format(table="evaluation", id="evaluation_id")),
    single("survey_detail", ["getQualityConversationSurveys", "{conversation}"], OF_CONVERSATIONS.format(table="survey", id="NULL"), ""),
    single("evaluation_form_detail", ["getQualityFormsEvaluation", "{id}"], "SELECT evaluation_form_id AS id FROM evaluation_form_detail"),
    single("survey_form_detail", ["getQualityFormsSurvey", "{id}"], "SELECT survey_form_id AS id FROM survey_form_detail"),
]


def extracted(case, server, streams=None, deny=(), **sections):
    """A site of these settings, extracted while the stand-in refuses some paths."""
    server.control(deny=list(deny))
    site = case.site(server.url, start=START, extract={"streams": streams or ", ".join(stream_names())}, **sections)
    case.ok(site.extract("--until", NOW))
    server.control(deny=[])
    return site


@needs("node", SDK)
class SdkTest(TestCase):
    @classmethod
    def setUpClass(cls):
        case = cls.shared()
        server = case.standin(start=START, per_day=20, agents=30, users_page_cap=20, now=NOW, availability_lag=0, job_polls=2)
        for read in READS:
            read.site = next((r.site for r in READS if r is not read and r.settings == read.settings and r.site), None)
            read.site = read.site or extracted(case, server, **read.settings)
        cls.tables = rows.read_schema(sorted(ROOT.glob("schema/[0-9]*.sql")))
        given = {"sdk": str(SDK), "host": "127.0.0.1", "port": server.port, "id": CLIENT_ID, "secret": CLIENT_SECRET,
                 "reads": [r.task() for r in READS]}
        done = subprocess.run(["node", str(Path(__file__).with_name("read.js"))], input=json.dumps(given), text=True,
                              capture_output=True, timeout=120, check=False, env={**os.environ, "HOME": case.directory()})
        assert done.returncode == 0, done.stderr
        cls.answers = collections.defaultdict(list)
        for name, window, answer, method in map(json.loads, done.stdout.splitlines()):
            cls.answers[name].append((window, answer, method))

    def read_rows(self, read):
        """{table: rows} of what the SDK read."""
        found = collections.defaultdict(collections.Counter)
        for window, answer, _ in self.answers[read.name]:
            marks = {"@" + k.strip("{}"): v for k, v in window.items()}
            for entity in read.entities_of(answer):
                for root in read.tables:
                    for table, row in rows.rows_of(self.tables[root], read.source, entity, answer, marks):
                        found[table][rows.canonical_json(row)] += 1
        return {table: collections.Counter(list(rows)) for table, rows in found.items()} if read.repeats else found

    def test_the_file_holds_what_the_client_reads(self):
        for read in READS:
            with self.subTest(read.name):
                found = self.read_rows(read)
                for root in map(self.tables.get, read.tables):
                    self.assertTrue(found[root.name], "nothing was read")
                    for table in [root, *root.below]:
                        if table.name not in read.lacks:
                            self.compare(table, found[table.name], rows.stored(read.site, table, read.source, read.marks, read.where))

    def compare(self, table, want, have):
        have = collections.Counter(map(rows.canonical_json, have))
        lost, more = ([json.loads(r) for r in some] for some in (want - have, have - want))
        if lost or more:
            near = min(([k for k in a if a[k] != b[k]] for a in lost[:1] for b in more), key=len, default=())
            self.fail(f"{table.name}: of {want.total()} rows read {len(lost)} are not stored, of {have.total()} stored "
                      f"{len(more)} not read: {lost[:1] or more[:1]}, nearly but for {near}")

    def test_answers_are_as_the_client_declares_them(self):
        declarations = Declarations(SDK / "index.d.ts")
        for name, answers in self.answers.items():
            with self.subTest(name):
                wrong = {w for _, answer, method in answers for w in declarations.wrong(answer, declarations.of(method))}
                self.assertEqual(sorted(wrong)[:10], [])

    def test_every_declared_field_has_its_column(self):
        declarations = Declarations(SDK / "index.d.ts")
        for read in READS:
            for root in map(self.tables.get, read.tables):
                with self.subTest(read.name, table=root.name):
                    answer, method = next(given[1:] for given in self.answers[read.name] if read.entities_of(given[1]))
                    kind = declarations.at(declarations.of(method), read.path_in(answer))
                    for name, _ in root.steps:
                        kind = declarations.at(kind, name)
                    self.assertEqual(list(declarations.uncovered(root, read.source, kind)), [])

    def test_every_table_is_read(self):
        read = {table for r in READS for table in r.tables}
        self.assertEqual(sorted({t.root.name for t in self.tables.values()} - read), [], "a line of READS is missing")
