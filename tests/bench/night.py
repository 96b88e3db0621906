"""The requests of a night, by stream, against the least that what is owed takes: each window in full pages, a job as its
submission, one poll and its deletion, ten units' reports as one job, nothing asked twice."""
import math

# What asks for what: the first part of a path that fits. `other host` are downloads, which the pace does not count.
ROUTES = (
    ("login", ("/oauth/token", "/api/v2/tokens/me")),
    ("queue_members", ("/api/v2/routing/queues/{id}/members",)),
    ("team_members", ("/api/v2/teams/{id}/members",)),
    ("adherence_historical", ("/api/v2/workforcemanagement/adherence/historical",)),
    ("adherence_explanation", ("/api/v2/workforcemanagement/businessunits/{id}/adherence",
                               "/api/v2/workforcemanagement/adherence/explanations")),
    ("adherence_realtime", ("/api/v2/workforcemanagement/adherence",)),
    ("activity_codes", ("/api/v2/workforcemanagement/businessunits/{id}/activitycodes",)),
    ("schedules", ("/api/v2/workforcemanagement/managementunits/{id}/agentschedules",)),
    ("management_unit_users", ("/api/v2/workforcemanagement/managementunits/{id}/users",)),
    ("conversation_aggregate", ("/api/v2/analytics/conversations/aggregates",)),
    ("conversations", ("/api/v2/analytics/conversations/details",)),
    ("user_aggregate", ("/api/v2/analytics/users/aggregates",)),
    ("user_status", ("/api/v2/analytics/users/details",)),
    ("other lists", ("/api/v2/",)),
)
IDS = {"conversations": 50, "user_aggregate": 100, "adherence_realtime": 100}


def stream_of(route):
    return next((name for name, starts in ROUTES if route.startswith(starts)), None)


def sent(site, run_id):
    """{stream: requests} of a run, and the seconds that it took."""
    found = {}
    for row in site.query("SELECT route, requests FROM request_count WHERE run_id = ?", run_id):
        name = stream_of(row["route"])
        if name:
            found[name] = found.get(name, 0) + row["requests"]
    return found


def pages(rows, size):
    return max(1, math.ceil(rows / size))


def least(site, began, users):
    """{stream: requests} that the windows read since `began` take."""
    found = {"login": 2}
    jobs = set()
    for w in site.query("""SELECT stream, pass, scope, window_start, time_zone, rows_read, total_hits FROM extract_window
                           JOIN window_pass USING (window_id) WHERE read_at >= ?""", began.rstrip("Z")):
        name, how, rows = w["stream"], w["pass"], w["rows_read"]
        if name == "adherence_historical":
            jobs.add((w["window_start"], w["time_zone"]))
            continue
        if name == "user_status":  # its rows are told by user
            count = 3 + pages(users, 1000) if how == "job" else pages(users, 100)
        elif how == "job":
            count = 3 + pages(rows, 500)
        elif name == "user_aggregate":
            count = pages(users, IDS[name])
        elif how == "reread" or name == "adherence_realtime":
            count = pages(rows, IDS[name])
        else:
            count = pages(rows, 100) if how in ("list", "query") and name != "conversation_aggregate" else 1
        name = name if name in dict(ROUTES) else "other lists"
        found[name] = found.get(name, 0) + count
    found["adherence_historical"] = 2 * len(jobs)
    for name in ("conversations", "user_status"):
        found[name] += 1  # the availability date
    return found
