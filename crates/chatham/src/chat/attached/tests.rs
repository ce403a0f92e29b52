use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use super::*;

/// Takes part in what a socket tells that answers two requests with nothing, and then tells this.
async fn told(lines: Vec<Value>) -> Attached {
    let folder = tempfile::tempdir().unwrap();
    let control = folder.path().join("control");
    fs::create_dir(&control).unwrap();
    fs::set_permissions(&control, fs::Permissions::from_mode(0o700)).unwrap();
    let listener = UnixListener::bind(control.join("socket")).unwrap();
    let count = lines.len();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let hello = r#"{"hello":"chatham-control","version":1,"pid":7,"profiles":["default"]}"#;
        writeln!(stream, "{hello}").unwrap();
        let mut requests = BufReader::new(stream.try_clone().unwrap()).lines();
        for _ in 0..2 {
            requests.next().unwrap().unwrap();
            writeln!(stream, r#"{{"done":true}}"#).unwrap();
        }
        for line in lines {
            writeln!(stream, "{line}").unwrap();
        }
        requests.for_each(drop);
    });
    let client = Client::connect(folder.path()).await.unwrap();
    let (mut attached, _) = Attached::begin(client, "default".to_owned()).await.unwrap();
    for _ in 0..count {
        attached.next().await.unwrap();
    }
    attached
}

fn standing(nick: &str, word: &str) -> Value {
    json!({
        "event": "standing", "with": nick, "standing": word, "waiting": 0, "lost": 0, "acquainted": true,
        "comparison": null,
    })
}

#[tokio::test]
async fn nothing_is_claimed_of_whom_something_was_left_out() {
    let mut attached = told(vec![
        standing("bob", "verified"),
        standing("carol", "verified"),
        json!({ "event": "left-out", "count": 9 }),
        standing("carol", "verified"),
    ])
    .await;
    let mut known = |nick: &str| attached.known(&Nick::new(nick, CaseMapping::default()));
    assert_eq!(known("bob"), None, "they may be called otherwise by now");
    assert!(known("carol").is_some());
}

#[tokio::test]
async fn how_things_stand_goes_with_the_person() {
    let renamed = json!({ "event": "renamed", "with": "bob", "to": "rob" });
    let mut attached = told(vec![standing("bob", "verified"), renamed]).await;
    let mut known = |nick: &str| attached.known(&Nick::new(nick, CaseMapping::default()));
    assert_eq!(known("bob"), None);
    let (person, _) = known("rob").unwrap();
    assert_eq!(
        (person.nick.as_bytes(), person.standing),
        (&b"rob"[..], Standing::Verified)
    );
}
