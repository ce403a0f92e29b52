//! One end of a conversation spoken by our own library, driven line by line (see ../../PROTOCOL.md).
//!
//! The clock is the commands': each one takes a millisecond, `tick` a second, `heartbeat due` an hour. So no
//! answer depends on how fast the machine is. It begins with the time of the machine, for profiles of version 4 bear
//! dates.

mod arguments;
mod obey;
mod tell;

use std::io::{self, BufRead, Write};

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut driver = match arguments::Arguments::read(&words).and_then(obey::Driver::new) {
        Ok(driver) => driver,
        Err(why) => {
            eprintln!("ours driver: {why}");
            eprintln!(
                "usage: driver ME PEER [versions=23] [fragment=N] [policy=P] [instance=HEX8] [keyfile=PATH]"
            );
            std::process::exit(2);
        }
    };
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line == "quit" {
            break;
        }
        for answer in driver.obey(&line) {
            writeln!(out, "{answer}")?;
        }
        writeln!(out, "done")?;
        out.flush()?;
    }
    Ok(())
}
