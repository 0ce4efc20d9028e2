#!/usr/bin/env python3
"""Turns the OULAD Parquet files into events in Pulsewatch's wire format.

    pip install pyarrow numpy
    python3 convert.py PATH/TO/oulad OUT_FOLDER [--students N]

The same input gives the same bytes. README.md says what stands for what.
"""

import argparse
import gzip
import hashlib
import io
import json
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pyarrow.parquet

# Days in the data count from here.
STARTS = {"2013B": datetime(2013, 2, 1, tzinfo=timezone.utc), "2013J": datetime(2013, 10, 1, tzinfo=timezone.utc)}
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
NEVER = 1 << 30


def spread(numbers, first_hour=0, last_hour=24):
    """Milliseconds within the given hours of a day that look random but belong to the number (SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = np.asarray(numbers, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    width = np.uint64((last_hour - first_hour) * HOUR_MS)
    return first_hour * HOUR_MS + (mixed % width).astype(np.int64)


def spread_text(text, first_hour=0, last_hour=24):
    """The same for the events that are few enough to have a name."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int(spread(int.from_bytes(digest, "big"), first_hour, last_hour))


def rfc3339(millis, days={}):
    """Remembers the texts of days: there are few of them in millions of times."""
    day, rest = divmod(millis, DAY_MS)
    if day not in days:
        days[day] = (datetime(1970, 1, 1) + timedelta(days=day)).strftime("%Y-%m-%d")
    minutes, rest = divmod(rest, 60_000)
    return f"{days[day]}T{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}Z"


def start_ms(presentation):
    return int(STARTS[presentation].timestamp() * 1000)


class Enrolment:
    """One student in one presentation of one module: the account."""

    def __init__(self, row):
        self.module, self.presentation = row["code_module"], row["code_presentation"]
        self.student = int(row["id_student"])
        self.account = f"{self.module}-{self.presentation}-{self.student}"
        registered, left = row["date_registration"], row["date_unregistration"]
        self.registered = 0 if registered is None else int(registered)
        self.left = NEVER if left is None else int(left)

    def at(self, day, millis=0):
        return start_ms(self.presentation) + day * DAY_MS + millis

    def keeps(self, day):
        """Some keep clicking after they left: what a model may see ends on the day before."""
        return day < self.left


def read(folder, name):
    return pyarrow.parquet.read_table(folder / f"{name}.parquet").to_pylist()


def chosen_students(enrolments, limit):
    """The enrolments with the least hashes: a sample that does not depend on the order of the input."""
    rank = lambda enrolment: hashlib.blake2b(enrolment.account.encode(), digest_size=8).digest()
    return sorted(enrolments, key=rank)[:limit]


class Output:
    """Sorted JSON lines of one topic."""

    def __init__(self, folder, topic):
        self.path = folder / f"{topic}.jsonl.gz"
        self.events = []

    def add(self, millis, identity, fields):
        self.events.append((millis, identity, fields))

    def write(self):
        self.events.sort(key=lambda event: event[:2])
        with open_gzip(self.path) as file:
            for millis, identity, fields in self.events:
                file.write(compact({"id": identity, **fields, "time": rfc3339(millis)}))
        print(f"{self.path}: {len(self.events)} events")


def compact(line):
    return json.dumps(line, separators=(",", ":")) + "\n"


def open_gzip(path):
    # No time and no name in the header: the same events give the same file.
    return io.TextIOWrapper(gzip.GzipFile("", "wb", 9, path.open("wb"), mtime=0), encoding="utf-8", newline="\n")


def write_usage(source, out, enrolments, activity_of_site):
    """One event for each row of daily clicks; gives the days on which each account visited the forum."""
    rows, accounts, names, features, values, times = [], [], [], [], [], []
    forum_days = defaultdict(set)
    first_row = 0
    for path in sorted((source / "studentVle_ds").rglob("*.parquet")):
        parts = dict(part.split("=") for part in path.parts if "=" in part)
        table = pyarrow.parquet.ParquetFile(path).read()
        students, sites, days, clicks = (
            table[name].to_numpy().astype(np.int64) for name in ("id_student", "id_site", "date", "sum_click")
        )
        numbers = np.arange(first_row, first_row + len(days))
        first_row += len(days)
        millis = start_ms(parts["code_presentation"]) + days * DAY_MS + spread(numbers)
        columns = (numbers, students, sites, days, clicks, millis)
        for row, student, site, day, click, time in zip(*(column.tolist() for column in columns)):
            enrolment = enrolments.get((parts["code_module"], parts["code_presentation"], student))
            if enrolment is None or not enrolment.keeps(day):
                continue
            activity = activity_of_site[site]
            if activity == "forumng":
                forum_days[enrolment].add(day)
            rows.append(row)
            accounts.append(enrolment.account)
            names.append(activity)
            features.append(site)
            values.append(click)
            times.append(time)
    order = np.argsort(np.asarray(times), kind="stable").tolist()
    path = out / "usage-events.jsonl.gz"
    with open_gzip(path) as file:
        for index in order:
            file.write(
                f'{{"id":"u-{rows[index]}","account":"{accounts[index]}","name":"{names[index]}",'
                f'"feature":"site-{features[index]}","value":{values[index]},"time":"{rfc3339(times[index])}"}}\n'
            )
    print(f"{path}: {len(order)} events")
    return forum_days


def write_support(out, forum_days):
    """A day with a visit to the forum is a question; it counts as answered on the day after."""
    support = Output(out, "support-events")
    for enrolment, days in forum_days.items():
        for day in days:
            ticket = f"T-{enrolment.account}-{day}"
            for name, on, key in (("opened", day, "s-o"), ("closed", day + 1, "s-c")):
                if enrolment.keeps(on):
                    identity = f"{key}-{enrolment.account}-{day}"
                    fields = {"account": enrolment.account, "name": name, "ticket": ticket, "priority": "normal"}
                    support.add(enrolment.at(on, spread_text(identity)), identity, fields)
    support.write()


def write_billing_and_feedback(source, out, enrolments):
    billing, feedback = Output(out, "billing-events"), Output(out, "feedback-events")
    submissions = {}
    for row in read(source, "studentAssessment"):
        submissions[int(row["id_assessment"]), int(row["id_student"])] = row
    assessments = defaultdict(list)
    for row in read(source, "assessments"):
        # Exams have no date in the data.
        if row["date"] is not None:
            assessments[row["code_module"], row["code_presentation"]].append(row)
    for enrolment in enrolments.values():
        for assessment in assessments[enrolment.module, enrolment.presentation]:
            identity = int(assessment["id_assessment"])
            submission = submissions.get((identity, enrolment.student))
            bill(billing, enrolment, assessment, submission)
            if submission is not None and submission["score"] is not None:
                rate(feedback, enrolment, identity, submission)
    billing.write()
    feedback.write()


def bill(billing, enrolment, assessment, submission):
    """What is due is billed on that day; what was handed in by then is paid on it, the rest when it came, if ever."""
    due = int(assessment["date"])
    if due < enrolment.registered:
        return
    submitted = NEVER if submission is None else int(submission["date_submitted"])
    steps = [("invoice_issued", due, 0, 8), ("invoice_paid", max(submitted, due), 8, 24)]
    if submitted > due:
        steps.append(("invoice_overdue", due + 1, 0, 8))
    for name, day, first_hour, last_hour in steps:
        if day == NEVER or not enrolment.keeps(day):
            continue
        invoice = f"A-{int(assessment['id_assessment'])}"
        identity = f"b-{name}-{invoice}-{enrolment.account}"
        fields = {"account": enrolment.account, "name": name, "invoice": invoice, "amount": f"{assessment['weight']:.2f}"}
        billing.add(enrolment.at(day, spread_text(identity, first_hour, last_hour)), identity, fields)


def rate(feedback, enrolment, assessment, submission):
    day = int(submission["date_submitted"])
    # Results carried over from an earlier presentation have dates long before this one.
    if submission["is_banked"] or not enrolment.keeps(day):
        return
    identity = f"f-{assessment}-{enrolment.account}"
    fields = {"account": enrolment.account, "name": "csat", "value": int(submission["score"])}
    feedback.add(enrolment.at(day, spread_text(identity)), identity, fields)


def write_accounts(source, out, enrolments):
    accounts = Output(out, "account-events")
    for row in read(source, "studentInfo"):
        enrolment = enrolments.get((row["code_module"], row["code_presentation"], int(row["id_student"])))
        if enrolment is None:
            continue
        started = enrolment.at(enrolment.registered)
        attributes = {
            "segment": row["code_module"],
            "presentation": row["code_presentation"],
            "gender": row["gender"],
            "region": row["region"],
            "education": row["highest_education"],
            "age_band": row["age_band"],
            "imd_band": row["imd_band"],
            "credits": int(row["studied_credits"]),
            "previous_attempts": int(row["num_of_prev_attempts"]),
            "started": rfc3339(started)[:10],
        }
        known = {name: value for name, value in attributes.items() if value is not None}
        identity = f"a-{enrolment.account}"
        accounts.add(started, identity, {"account": enrolment.account, "name": "attributes", "attributes": known})
    accounts.write()


def write_labels(source, out, enrolments):
    """Since when each was a customer, and how that ended: by leaving (`churned`) or with the presentation (`ended`).

    Who leaves does so in the course of that day; the last events are those of the day before.
    """
    lengths = {
        (row["code_module"], row["code_presentation"]): int(row["module_presentation_length"])
        for row in read(source, "courses")
    }
    path = out / "labels.jsonl"
    churns = 0
    with path.open("w") as file:
        for enrolment in sorted(enrolments.values(), key=lambda enrolment: enrolment.account):
            length = lengths[enrolment.module, enrolment.presentation]
            started = max(enrolment.registered, 0)
            if enrolment.left <= started:
                # Left before the first day, and so never a customer.
                changes = [(enrolment.at(enrolment.registered), "ended")]
            elif enrolment.left <= length:
                left = enrolment.at(enrolment.left, spread_text(f"l-{enrolment.account}"))
                changes = [(enrolment.at(started), "started"), (left, "churned")]
                churns += 1
            else:
                changes = [(enrolment.at(started), "started"), (enrolment.at(length), "ended")]
            for time, event in changes:
                file.write(compact({"account": enrolment.account, "time": rfc3339(time), "event": event}))
    print(f"{path}: {len(enrolments)} accounts, {churns} of them churned")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with the Parquet files")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--students", type=int, help="only so many enrolments, always the same ones")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)

    every = [Enrolment(row) for row in read(arguments.source, "studentRegistration")]
    kept = chosen_students(every, arguments.students) if arguments.students else every
    enrolments = {(e.module, e.presentation, e.student): e for e in kept}
    activity_of_site = {int(row["id_site"]): row["activity_type"] for row in read(arguments.source, "vle")}

    forum_days = write_usage(arguments.source, arguments.out, enrolments, activity_of_site)
    write_support(arguments.out, forum_days)
    write_billing_and_feedback(arguments.source, arguments.out, enrolments)
    write_accounts(arguments.source, arguments.out, enrolments)
    write_labels(arguments.source, arguments.out, enrolments)


if __name__ == "__main__":
    main()
