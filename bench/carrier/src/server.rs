//! As much of an IRC server as clients behind the proxy need.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::{LocalSet, spawn_local};

use crate::Failure;

/// Who is here, by nick.
type People = Rc<RefCell<HashMap<String, Sender<Vec<u8>>>>>;

/// Lines that may wait for one client. A sender waits when they are that many.
const WAITING: usize = 256;

/// Serves until the process ends.
pub async fn run(port: u16) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("ready");
    let people = People::default();
    let serving = async {
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            spawn_local(serve(socket, Rc::clone(&people)));
        }
    };
    LocalSet::new().run_until(serving).await
}

async fn serve(socket: TcpStream, people: People) -> Result<(), Failure> {
    let (reading, mut writing) = socket.into_split();
    let mut reading = BufReader::with_capacity(1 << 16, reading);
    let (to_me, mut for_me) = channel::<Vec<u8>>(WAITING);
    spawn_local(async move {
        while let Some(mut bytes) = for_me.recv().await {
            while let Ok(more) = for_me.try_recv() {
                bytes.extend(more);
            }
            if writing.write_all(&bytes).await.is_err() {
                break;
            }
        }
    });
    let (mut nick, mut line) = (String::new(), Vec::new());
    loop {
        line.clear();
        if reading.read_until(b'\n', &mut line).await? == 0 {
            people.borrow_mut().remove(&nick);
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        let (command, rest) = text.split_once(' ').unwrap_or((text, ""));
        let tell = |text: String| to_me.send(format!("{text}\r\n").into_bytes());
        match command {
            "NICK" => rest.trim_start_matches(':').clone_into(&mut nick),
            "USER" => {
                people.borrow_mut().insert(nick.clone(), to_me.clone());
                for line in [
                    "001 {} :Welcome",
                    "005 {} CASEMAPPING=ascii :are supported",
                    "422 {} :No MOTD",
                ] {
                    tell(format!(":bench.example {}", line.replace("{}", &nick))).await?;
                }
            }
            "CAP" if rest.starts_with("LS") => tell(format!(":bench.example CAP {nick} LS :")).await?,
            "PING" => tell(format!(":bench.example PONG bench.example {rest}")).await?,
            "PRIVMSG" => {
                let (target, said) = rest.split_once(' ').ok_or("a text without a target")?;
                if target == "#mirror" {
                    tell(format!(":mirror!m@bench.example PRIVMSG #mirror {said}")).await?;
                    continue;
                }
                let Some(to) = people.borrow().get(target).cloned() else {
                    tell(format!(":bench.example 401 {nick} {target} :No such nick")).await?;
                    continue;
                };
                let line = format!(":{nick}!u@bench.example PRIVMSG {target} {said}\r\n");
                let _gone = to.send(line.into_bytes()).await;
            }
            _ => {}
        }
    }
}
