"""Runs `pulsewatch check` with the environment and the files that containers and the unit would have.

    settings.py PULSEWATCH COMPOSE.json MANIFESTS.yaml...
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml


def check(pulsewatch, name, environment, files):
    """`files`: those that the settings file's folder has."""
    # One without `__` names no setting and is passed over, as orchestrators set such variables.
    misspelt = [variable for variable in environment if "__" not in variable]
    if misspelt:
        sys.exit(f"{name}: no settings: {misspelt}")
    with tempfile.TemporaryDirectory() as folder:
        for file, text in files.items():
            (Path(folder) / file).write_text(text)
        # Paths of the container's are paths of the folder's; secrets are stand-ins.
        for variable, value in environment.items():
            if variable.endswith("_FILE"):
                path = Path(folder) / Path(value).name
                path.exists() or path.write_text("stand-in")
                environment[variable] = str(path)
        arguments = [pulsewatch, "check", "--config", f"{folder}/pulsewatch.toml"]
        ended = subprocess.run(arguments, env=environment, capture_output=True, text=True)
        if ended.returncode:
            sys.exit(f"{name}:\n{ended.stdout}{ended.stderr}")


def of_environment_file(text):
    """Commented-out settings too: they are what a reader will uncomment."""
    lines = (line.removeprefix("# ") for line in text.splitlines())
    return dict(line.split("=", 1) for line in lines if line.startswith("PULSEWATCH_"))


def of_container(container):
    return {variable["name"]: variable.get("value", "pod-0") for variable in container["env"]}


def main():
    pulsewatch, compose, *manifests = sys.argv[1:]
    shipped = {"pulsewatch.toml": Path("config/pulsewatch.toml").read_text()}
    for name, service in json.loads(Path(compose).read_text())["services"].items():
        if service.get("image") == "pulsewatch":
            check(pulsewatch, f"compose.yaml, {name}", service["environment"], shipped)
    for file in map(Path, manifests):
        documents = filter(None, yaml.safe_load_all(file.read_text()))
        of_kind = {document["kind"]: document for document in documents if "dashboards" not in document["metadata"]["name"]}
        container = of_kind["StatefulSet"]["spec"]["template"]["spec"]["containers"][0]
        check(pulsewatch, file.name, of_container(container), of_kind["ConfigMap"]["data"])
    unit = of_environment_file(Path("deploy/systemd/pulsewatch.env").read_text())
    check(pulsewatch, "the systemd unit", unit, shipped)


if __name__ == "__main__":
    main()
