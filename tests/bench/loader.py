#!/usr/bin/env python3
"""What one would write in Python instead: the query's pages into the same tables, with integer keys.

    loader.py MODEL.db URL START DAYS TARGET.db

MODEL.db lends its schema, whose comments name each column's field. Prints how many conversations it loaded.
"""
import datetime
import gzip
import json
import re
import sqlite3
import sys
import urllib.request

PAGE = 100
COLUMN = re.compile(r"^\s+(\w+) (?:TEXT|INTEGER|BIGINT|REAL)\b[^-]*-- \[(\w+)", re.M)


class Table:
    """Its statement, and the fields of its columns in order."""

    def __init__(self, db, name):
        sql = db.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)).fetchone()[0]
        self.fields = dict(COLUMN.findall(sql))
        columns = [(row[1], row[5]) for row in db.execute(f"PRAGMA table_info({name})")]
        self.keys = [column for column, in_key in columns if in_key and column not in self.fields]
        fields = [column for column, _ in columns if column in self.fields]
        self.names = [self.fields[column] for column in fields]
        order = self.keys + fields
        self.insert = f"INSERT INTO {name} ({', '.join(order)}) VALUES ({', '.join('?' * len(order))})"
        self.rows = []

    def add(self, keys, item):
        get = item.get
        values = [get(name) for name in self.names]
        self.rows.append((*keys, *(json.dumps(v) if type(v) is list else v for v in values)))

    def flush(self, db):
        if self.rows:
            db.executemany(self.insert, self.rows)
            self.rows.clear()


NAMES = ("conversation conversation_division participant session session_metric segment segment_skill "
         "media_endpoint_stat session_flow flow_outcome proposed_agent scored_agent agent_group evaluation survey "
         "resolution").split()


def add_session(t, at, session):
    t["session"].add(at, session)
    for table, field in (("session_metric", "metrics"), ("media_endpoint_stat", "mediaEndpointStats"),
                         ("proposed_agent", "proposedAgents"), ("agent_group", "agentGroups")):
        for i, item in enumerate(session.get(field) or ()):
            t[table].add((*at, i), item)
    flow = session.get("flow")
    if flow:
        t["session_flow"].add(at, flow)
        for i, item in enumerate(flow.get("outcomes") or ()):
            t["flow_outcome"].add((*at, i), item)
    for g, segment in enumerate(session.get("segments") or ()):
        here = (*at, g)
        t["segment"].add(here, segment)
        for i, item in enumerate(segment.get("scoredAgents") or ()):
            t["scored_agent"].add((*here, i), item)
        for i, skill in enumerate(segment.get("requestedRoutingSkillIds") or ()):
            t["segment_skill"].rows.append((*here, i, skill))


def add_conversation(t, key, conversation):
    t["conversation"].add((key,), conversation)
    for i, division in enumerate(conversation.get("divisionIds") or ()):
        t["conversation_division"].rows.append((key, i, division))
    for table, field in (("evaluation", "evaluations"), ("survey", "surveys"), ("resolution", "resolutions")):
        for i, item in enumerate(conversation.get(field) or ()):
            t[table].add((key, i), item)
    for p, participant in enumerate(conversation.get("participants") or ()):
        t["participant"].add((key, p), participant)
        for s, session in enumerate(participant.get("sessions") or ()):
            add_session(t, (key, p, s), session)


def pages(url, token, start, days):
    first = datetime.date.fromisoformat(start)
    for n in range(days):
        interval = "/".join((first + datetime.timedelta(n + i)).isoformat() + "T00:00:00.000Z" for i in (0, 1))
        number = 1
        while True:
            body = json.dumps({"interval": interval, "order": "asc", "orderBy": "conversationStart",
                               "paging": {"pageSize": PAGE, "pageNumber": number}}).encode()
            request = urllib.request.Request(
                url + "/api/v2/analytics/conversations/details/query", body,
                {"Authorization": "Bearer " + token, "Content-Type": "application/json", "Accept-Encoding": "gzip"})
            with urllib.request.urlopen(request) as answer:
                content = answer.read()
                if answer.headers.get("Content-Encoding") == "gzip":
                    content = gzip.decompress(content)
            conversations = json.loads(content).get("conversations") or []
            yield conversations
            if len(conversations) < PAGE:
                break
            number += 1


def login(url):
    request = urllib.request.Request(url + "/oauth/token", b"grant_type=client_credentials", {
        "Authorization": "Basic MDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAxOnN0YW5kaW4tc2VjcmV0LTQ3MTE="})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["access_token"]


def main(model, url, start, days, target):
    source = sqlite3.connect(f"file:{model}?mode=ro", uri=True)
    db = sqlite3.connect(target, isolation_level=None)
    db.executescript("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
    for (sql,) in source.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type IN ('table', 'index')"):
        db.execute(sql)
    tables = {name: Table(db, name) for name in NAMES}
    key = 0
    for conversations in pages(url, login(url), start, int(days)):
        for conversation in conversations:
            key += 1
            add_conversation(tables, key, conversation)
        db.execute("BEGIN")
        for table in tables.values():
            table.flush(db)
        db.execute("COMMIT")
    db.close()
    print(key)


main(*sys.argv[1:])
