//! Building a line from its parts, none of which can become another part.

use super::line::{IrcLine, LineError};

/// A line being built. The first part that would not be read back as it was given makes [`build`](Self::build)
/// fail; the parts after it are not looked at.
#[derive(Clone)]
#[must_use]
pub struct Builder {
    source: Vec<u8>,
    body: Vec<u8>,
    fault: Option<LineError>,
}

impl Builder {
    pub(super) fn new(command: &[u8]) -> Self {
        let letters = !command.is_empty() && command.iter().all(u8::is_ascii_alphabetic);
        let number = command.len() == 3 && command.iter().all(u8::is_ascii_digit);
        Self {
            source: Vec::new(),
            body: command.to_vec(),
            fault: (!letters && !number).then_some(LineError::NoCommand),
        }
    }

    /// Says who the line is from: a server's name or `nick!user@host`.
    pub fn source(mut self, source: impl AsRef<[u8]>) -> Self {
        let source = source.as_ref();
        if source.is_empty() || source.contains(&b' ') {
            return self.fail(LineError::BadPrefix);
        }
        self.source.clear();
        self.source.push(b':');
        self.source.extend_from_slice(source);
        self.source.push(b' ');
        self
    }

    /// Adds a parameter of one word: not empty, no space, no colon in front.
    pub fn param(mut self, param: impl AsRef<[u8]>) -> Self {
        let param = param.as_ref();
        if !is_middle(param) {
            return self.fail(LineError::BadParameter);
        }
        self.body.push(b' ');
        self.body.extend_from_slice(param);
        self
    }

    /// Adds the last parameter, which may be empty, hold spaces and begin with a colon, and ends the line.
    ///
    /// # Errors
    /// As for [`build`](Self::build).
    pub fn trailing(mut self, param: impl AsRef<[u8]>) -> Result<IrcLine, LineError> {
        self.body.extend_from_slice(b" :");
        self.body.extend_from_slice(param.as_ref());
        self.build()
    }

    /// Ends the line.
    ///
    /// # Errors
    /// The fault of the first bad part; else what [`IrcLine::new`] says of the whole.
    pub fn build(self) -> Result<IrcLine, LineError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let mut line = self.source;
        line.extend_from_slice(&self.body);
        IrcLine::new(line)
    }

    fn fail(mut self, fault: LineError) -> Self {
        self.fault.get_or_insert(fault);
        self
    }
}

/// Whether `param` can stand anywhere among the parameters, not only at the end.
#[must_use]
pub fn is_middle(param: &[u8]) -> bool {
    !param.is_empty() && !param.starts_with(b":") && !param.contains(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_parts_together() {
        let line = IrcLine::command("PRIVMSG")
            .source("a!b@c")
            .param("bob")
            .trailing(":) hello")
            .unwrap();
        assert_eq!(line.as_bytes(), b":a!b@c PRIVMSG bob ::) hello");
        assert_eq!(IrcLine::command("QUIT").build().unwrap().as_bytes(), b"QUIT");
        assert_eq!(
            IrcLine::command("001")
                .param("x")
                .trailing("")
                .unwrap()
                .as_bytes(),
            b"001 x :"
        );
    }

    #[test]
    fn refuses_parts_that_would_become_others() {
        for bad in ["", " ", "a b", ":a"] {
            let built = IrcLine::command("JOIN").param(bad).build();
            assert_eq!(built, Err(LineError::BadParameter), "{bad:?}");
        }
        for bad in ["", "12", "1234", "PRIV MSG", "A1", ":A"] {
            assert_eq!(
                IrcLine::command(bad).build(),
                Err(LineError::NoCommand),
                "{bad:?}"
            );
        }
        assert_eq!(
            IrcLine::command("A").source("a b").build(),
            Err(LineError::BadPrefix)
        );
        assert_eq!(
            IrcLine::command("A").param("x\ry").build(),
            Err(LineError::ForbiddenByte)
        );
        assert_eq!(
            IrcLine::command("A").trailing("x\ny"),
            Err(LineError::ForbiddenByte)
        );
        assert_eq!(
            IrcLine::command("A").param("").param("b").build(),
            Err(LineError::BadParameter)
        );
    }
}
