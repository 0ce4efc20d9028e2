"""Every alert has a case that fires and one that does not, and a runbook section; every rule's name follows its labels."""

import re
import sys
from pathlib import Path

import yaml

PROMETHEUS = Path("deploy/prometheus")


def anchors(document):
    headings = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def cases():
    for file in sorted((PROMETHEUS / "tests").glob("*.test.yml")):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                yield case["alertname"], bool(case.get("exp_alerts"))


def main():
    tested, mistakes = set(cases()), []
    for group in yaml.safe_load((PROMETHEUS / "rules/alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            name, notes = rule["alert"], rule["annotations"]
            mistakes += [f"{name}: no case that {word}" for word, fires in (("fires", True), ("does not fire", False))
                if (name, fires) not in tested]
            document, anchor = notes["runbook_url"].split("#")
            if anchor != name.lower() or anchor not in anchors(Path(document)):
                mistakes.append(f"{name}: {document} has no section of that name")
            if rule["labels"]["severity"] not in ("critical", "warning") or not {"summary", "description"} <= notes.keys():
                mistakes.append(f"{name}: needs a severity, a summary and a description")
    if mistakes:
        sys.exit("\n".join(mistakes))


if __name__ == "__main__":
    main()
