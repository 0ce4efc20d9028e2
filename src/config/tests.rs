use crate::ingest::debezium::Deletes;
use crate::ingest::format::Format;
use crate::ingest::mapping::{Origin, TimeFormat};

use super::*;

fn read(text: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, Problems> {
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Config::read(&Inputs {
        file: Some(SettingsFile {
            path: PathBuf::from("config/pulsewatch.toml"),
            text: text.to_owned(),
        }),
        environment: environment.iter().map(own).collect(),
        flags: flags.iter().map(own).collect(),
    })
}

fn mistakes(text: &str, environment: &[(&str, &str)]) -> String {
    read(text, environment, &[]).unwrap_err().render(false, 80)
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
    let text = "[log]\nshards = 2\ntopic = \"a\"\nretention = \"2d\"\n";
    let environment = [("PULSEWATCH_LOG__SHARDS", "3"), ("PULSEWATCH_LOG__TOPIC", "b")];
    let config = read(text, &environment, &[("log.shards", "4")]).unwrap();
    assert_eq!(config.log.shards, 4);
    assert_eq!(config.log.topic, "b");
    assert_eq!(config.log.retention.to_string(), "2d");
}

#[test]
fn every_mistake_is_reported_with_its_line() {
    let text = r#"[kafka]
bootstrap_server = "localhost:9092"
[kafka.sasl]
mechanism = "SCRAM-SHA-265"
[scorer]
delivery = "exactly-once"
cycle = 20
[redis]
url = "redis://:hunter2@localhost"
[[source]]
topic = "usage events"
[http]
listen = "0.0.0.0:8080"
[extra]
"#;
    insta::assert_snapshot!(mistakes(text, &[]));
}

#[test]
fn a_mistake_from_the_environment_names_the_variable() {
    let environment = [
        ("PULSEWATCH_SCORER__CYCLE", "soon"),
        ("PULSEWATCH_REDIS__PASWORD", "hunter2"),
    ];
    insta::assert_snapshot!(mistakes("", &environment));
}

#[test]
fn printed_settings_hide_secrets_and_can_be_read_again() {
    let text = "[redis]\npassword = \"hunter2\"\n[kafka.properties]\nssl.keystore.password = \"hunter2\"\n\
                socket.timeout.ms = 60000\n";
    let environment = [("PULSEWATCH_KAFKA__CONSUMER__SESSION_TIMEOUT_MS", "9000")];
    let config = read(text, &environment, &[]).unwrap();
    let printed = config.to_toml().unwrap();
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(!format!("{config:?}").contains("hunter2"));
    let again = read(&printed, &[], &[]).unwrap();
    assert_eq!(again.to_toml().unwrap(), printed);
    assert_eq!(again.kafka.properties.0["socket.timeout.ms"], "60000");
    assert_eq!(again.kafka.consumer.0["session.timeout.ms"], "9000");
}

#[test]
fn secrets_come_from_files_relative_to_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "hunter2\n").unwrap();
    let inputs = |text: &str| Inputs {
        file: Some(SettingsFile {
            path: folder.path().join("pulsewatch.toml"),
            text: text.to_owned(),
        }),
        ..Inputs::default()
    };
    let config = Config::read(&inputs("[redis]\npassword_file = \"secret\"\n")).unwrap();
    assert_eq!(config.redis.password.unwrap().expose(), "hunter2");
    let both = "[redis]\npassword_file = \"secret\"\npassword = \"other\"\n";
    let problems = Config::read(&inputs(both)).unwrap_err().render(false, 80);
    assert!(
        problems.contains("both `password` and `password_file` are set"),
        "{problems}"
    );
    assert!(!problems.contains("other"), "{problems}");
}

#[test]
fn a_token_opens_other_addresses_than_loopback() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "a-token").unwrap();
    let text = format!(
        "[http]\nlisten = \"0.0.0.0:80\"\ntoken_file = \"{}\"\n",
        token.display()
    );
    assert_eq!(read(&text, &[], &[]).unwrap().http.listen.port(), 80);
}

#[test]
fn traces_are_off_without_an_address_that_takes_them() {
    let off = read("", &[], &[]).unwrap().telemetry.traces;
    assert_eq!((off.endpoint, off.sample), (None, 0.001));
    let set = |settings: &str| format!("[telemetry.traces]\n{settings}\n");
    let on = read(
        &set("endpoint = \"http://collector:4318/v1/traces\"\nsample = 1"),
        &[],
        &[],
    );
    assert!(on.unwrap().telemetry.traces.endpoint.is_some());
    for address in [
        "collector:4318",
        "http://collector:4318",
        "grpc://collector/v1",
        "http://me:secret@collector/v1/traces",
    ] {
        let mistakes = mistakes(&set(&format!("endpoint = \"{address}\"\nsample = 2")), &[]);
        assert!(
            mistakes.contains("no address that takes OTLP") && mistakes.contains("sample"),
            "{mistakes}"
        );
    }
}

#[test]
fn origins_of_pages_are_checked() {
    let text = "[http]\ncors_origins = [\"https://health.example\", \"https://health.example/\", \"*\"]\n";
    let shown = mistakes(text, &[]);
    assert_eq!(shown.matches("this is no origin of a page").count(), 2, "{shown}");
}

#[test]
fn the_shipped_settings_are_the_defaults() {
    let shipped = read(include_str!("../../config/pulsewatch.toml"), &[], &[]).unwrap();
    let defaults = Config::read(&Inputs::default()).unwrap();
    assert_eq!(shipped.to_toml().unwrap(), defaults.to_toml().unwrap());
}

#[test]
fn few_shards_wait_less() {
    for (shards, pace) in [(1, 5), (2, 5), (4, 10), (8, 20), (64, 20)] {
        let config = read(&format!("log.shards = {shards}"), &[], &[]).unwrap();
        assert_eq!(
            [config.log.entry_wait, config.scorer.cycle].map(|pace| pace.0),
            [pace; 2]
        );
    }
    let said = read("log.shards = 1\nlog.entry_wait = \"20ms\"", &[], &[]).unwrap();
    assert_eq!([said.log.entry_wait, said.scorer.cycle].map(|pace| pace.0), [20, 5]);
}

/// Uncommented, the shipped file must be right too: it is what people copy from.
#[test]
fn every_commented_setting_of_the_shipped_file_exists() {
    let uncommented: String = include_str!("../../config/pulsewatch.toml")
        .lines()
        .filter_map(|line| {
            let text = line.strip_prefix("# ").unwrap_or(line);
            let is_setting = text.starts_with('[') || text.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
            is_setting.then(|| format!("{text}\n"))
        })
        .collect();
    let problems = mistakes(&uncommented, &[]);
    let wrong: Vec<&str> = problems.lines().filter(|line| line.contains('×')).collect();
    assert!(wrong.iter().all(|line| line.contains("there is no file")), "{wrong:#?}");
    assert!(wrong.len() >= 6, "the example files do not exist: {problems}");
}

const MAPPED: &str = r#"
[[source]]
topic = "product-analytics"
kind = "usage"
[source.mapping]
account = "/customer/id"
time = { pointer = "/ts", format = "epoch_seconds" }
name = { pointer = "/type", names = { Login = "login" } }
value = { value = 1.5 }
feature = { value = "web" }
[source.filter]
"/type" = ["Login", "View"]
"#;

#[test]
fn a_topic_with_a_json_of_its_own_is_mapped_by_settings() {
    let config = read(MAPPED, &[], &[]).unwrap();
    let mapping = config.sources[0].mapping.as_ref().unwrap();
    assert_eq!(mapping.filter[0].any_of, ["Login", "View"]);
    let rule = |target: &str| mapping.rules.iter().find(|rule| rule.target == target).unwrap();
    assert_eq!(rule("account").origin, Origin::Pointer("/customer/id".into()));
    assert_eq!(rule("time").time, TimeFormat::EpochSeconds);
    assert_eq!(rule("name").names["Login"], "login");
    assert_eq!(rule("feature").origin, Origin::Text("web".into()));
    let again = read(&config.to_toml().unwrap(), &[], &[]).unwrap();
    assert_eq!(again.sources[0].mapping.as_ref(), Some(mapping));
}

#[test]
fn mistakes_in_a_mapping_are_shown() {
    let text = MAPPED
        .replace("\"/customer/id\"", "\"customer.id\"")
        .replace("epoch_seconds", "epoch_second")
        .replace("name = {", "title = {");
    let shown = mistakes(&text, &[]);
    for expected in [
        "no JSON Pointer",
        "did you mean \"epoch_seconds\"?",
        "`source.mapping.name` is missing",
    ] {
        assert!(shown.contains(expected), "{expected} not in\n{shown}");
    }
}

const DELIVER: &str = r#"
[deliver.hook]
kind = "webhook"
url = "https://hooks.example/in"
secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
outputs = ["score", "alert"]
min_change = 2
[deliver.hook.headers]
X-Tenant = "acme"
[deliver.crm]
kind = "hubspot"
url = "https://api.hubapi.com/"
[deliver.crm.properties]
score = "score"
"#;

#[test]
fn targets_have_names_and_what_goes_without_saying_for_their_kind() {
    let environment = [("PULSEWATCH_DELIVER__CRM__TOKEN", "hunter2")];
    let config = read(DELIVER, &environment, &[]).unwrap();
    let (hook, crm) = (&config.deliver["hook"], &config.deliver["crm"]);
    assert_eq!(hook.filter.outputs.len(), 4);
    assert_eq!((hook.batch, crm.batch), (1, 100));
    assert_eq!(crm.token.as_ref().unwrap().expose(), "hunter2");
    assert_eq!(
        crm.full_url(),
        "https://api.hubapi.com/crm/v3/objects/companies/batch/upsert"
    );
    assert_eq!(crm.properties, [("score".to_owned(), "score".to_owned())]);
    let printed = config.to_toml().unwrap();
    assert!(
        !printed.contains("hunter2") && !printed.contains("MfKQ9r8"),
        "{printed}"
    );
}

#[test]
fn mistakes_of_targets_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("own.jinja");
    std::fs::write(&template, "{\n  \"text\": {{ event.subject | upperr }}\n}\n").unwrap();
    let text = format!(
        "[deliver.Hook]\nkind = \"webhook\"\nurl = \"ftp://hooks.example\"\nbatch = 7\noutputs = [\"scores\"]\n\
         severities = [\"grave\"]\n[deliver.other]\nurl = \"https://user@host/\"\nkind = \"hook\"\n[deliver.am]\n\
         kind = \"alertmanager\"\noutputs = [\"score\"]\n[deliver.own]\nkind = \"template\"\nurl = \"http://a\"\n\
         secret = \"whsec_short\"\ntemplate_file = {template:?}\n[deliver.both]\nkind = \"alertmanager\"\nurl = \"http://a\"\n\
         token = \"t\"\nusername = \"u\"\ntemplate_file = {template:?}\n",
    );
    let shown = mistakes(&text, &[]).replace(&folder.path().display().to_string(), "FOLDER");
    assert!(!shown.contains("whsec_short"), "{shown}");
    for expected in [
        "\"Hook\" is no name for a target",
        "this is no address of a target",
        "a signed request holds one message",
        "this is no type of output",
        "\"grave\" is not known here",
        "`deliver.other.kind` cannot be \"hook\"",
        "`deliver.am.url` is missing",
        "an Alertmanager takes alerts alone",
        "this is no secret of a webhook",
        "the template cannot be used: unknown filter",
        "own.jinja:2:",
        "both a token and a user are set",
        "what this kind sends is made without a template",
    ] {
        assert!(shown.contains(expected), "{expected} not in\n{shown}");
    }
}

#[test]
fn sources_say_their_format() {
    let text = "[schema_registry]\nurl = \"http://a:8081, https://b/apis/ccompat/v7\"\nusername = \"me\"\npassword = \"hunter2\"\n\
                [[source]]\ntopic = \"orders\"\nkind = \"billing\"\nformat = \"avro\"\nenvelope = \"debezium\"\n\
                deletes = \"event\"\n[[source]]\ntopic = \"clicks\"\nkind = \"usage\"\nformat = \"json-schema\"\n";
    let config = read(text, &[], &[]).unwrap();
    assert_eq!(
        config.schema_registry.urls(),
        ["http://a:8081", "https://b/apis/ccompat/v7"]
    );
    let [orders, clicks] = &config.sources[..] else {
        panic!()
    };
    assert_eq!((orders.format, orders.debezium), (Format::Avro, Some(Deletes::Event)));
    assert_eq!((clicks.format, clicks.debezium), (Format::JsonSchema, None));
    let printed = config.to_toml().unwrap();
    assert!(!printed.contains("hunter2"), "{printed}");
    assert_eq!(read(&printed, &[], &[]).unwrap().to_toml().unwrap(), printed);
}

#[test]
fn mistakes_of_formats_and_the_registry_are_shown() {
    let text = r#"[schema_registry]
url = "localhost:8081"
token = "hunter2"
username = "me"
password = "hunter2"
[[source]]
topic = "orders"
kind = "billing"
format = "arvo"
deletes = "event"
"#;
    insta::assert_snapshot!("formats", mistakes(text, &[]));
    let without = "[[source]]\ntopic = \"orders\"\nkind = \"billing\"\nformat = \"protobuf\"\n[schema_registry]\npassword = \"x\"\n";
    insta::assert_snapshot!("without_registry", mistakes(without, &[]));
}
