//! One client on a connection to a server: its socket, how far it is in, and what waits for it.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use im::dial::Stream;
use im::irc::{IrcLine, LineBuffer, LineError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::proxy::backlog::Backlog;
use crate::proxy::capabilities::Wants;
use crate::proxy::entrance::Entrance;
use crate::proxy::password::Password;
use crate::proxy::reception::Reception;

/// A client that may come in, on its way to a connection.
pub(super) struct Newcomer {
    pub(super) stream: Box<dyn Stream>,
    /// What it has of an unfinished line.
    pub(super) buffer: LineBuffer,
    pub(super) arrival: Arrival,
    /// Its place among those that a person's clients have.
    pub(super) place: OwnedSemaphorePermit,
}

/// How a client has come.
pub(super) enum Arrival {
    /// It has said the password, and that of the server perhaps; these lines are to be looked at.
    Judged {
        password: Option<IrcLine>,
        lines: Vec<Result<IrcLine, LineError>>,
    },
    /// It waits to hear what the server can do, and has so long to say the password. It is a program of the same user.
    Curious(Entrance, Instant),
    /// It is somebody who may, and need not say the password. It has said this.
    Known(Arc<Password>, Vec<u8>),
}

/// A client on a connection.
pub(super) struct Guest {
    pub(super) number: u64,
    stream: Box<dyn Stream>,
    _place: OwnedSemaphorePermit,
    near: Zeroizing<Vec<u8>>,
    pub(super) from_client: LineBuffer,
    /// Lines for the client.
    pub(super) down: Backlog,
    /// It has not said the password yet, and has this long to do so.
    pub(super) gate: Option<(Entrance, Instant)>,
    /// It is in without having said the password, and may yet say it, or that of the server.
    pub(super) known: Option<Arc<Password>>,
    /// It has come to a connection that stands, and is not let in yet.
    pub(super) reception: Option<Reception>,
    pub(super) wants: Wants,
    /// Until when it has to say that it is still there, or to have taken the last lines.
    pub(super) asked: Option<Instant>,
    /// Nothing more is heard of it; when everything is told, it is gone.
    pub(super) closing: bool,
    /// What it has not taken is read elsewhere.
    pub(super) excused: bool,
    /// Nothing more is told to it; what it says before it hears of that is taken still.
    pub(super) hanging_up: bool,
    hung_up: bool,
    /// TLS has taken bytes and not sent them.
    kept: bool,
    pub(super) gone: bool,
}

/// What has happened between a client and us.
#[derive(Debug)]
pub(super) enum Sign {
    /// It has said so many bytes.
    Said(usize),
    /// It has taken some.
    Took,
    Gone,
}

impl Guest {
    /// It makes the connection if `first`; else there is one.
    pub(super) fn new(
        number: u64,
        (stream, buffer): (Box<dyn Stream>, LineBuffer),
        place: OwnedSemaphorePermit,
        first: bool,
    ) -> Self {
        Self {
            number,
            stream,
            _place: place,
            near: Zeroizing::new(vec![0; READ]),
            from_client: buffer,
            down: Backlog::default(),
            gate: None,
            known: None,
            reception: (!first).then(Reception::default),
            wants: match first {
                true => Wants::Everything,
                false => Wants::Only(BTreeSet::new()),
            },
            asked: None,
            closing: false,
            excused: false,
            hanging_up: false,
            hung_up: false,
            kept: false,
            gone: false,
        }
    }

    /// Whether it is shown what happens.
    pub(super) fn is_settled(&self) -> bool {
        self.reception.is_none() && !self.closing && !self.gone
    }

    /// Whether it takes what it is told.
    pub(super) fn has_room(&self) -> bool {
        self.down.rest().len() < MOST_BYTES
    }

    /// Whether it has taken nothing for far too long, which others do not wait for.
    pub(super) fn is_stuck(&self) -> bool {
        self.down.rest().len() >= 2 * MOST_BYTES
    }

    pub(super) fn tell(&mut self, line: &IrcLine) {
        if !self.closing {
            self.down.push(&line.to_wire(), true);
        }
    }

    /// The bytes that it has just said.
    pub(super) fn said(&self, count: usize) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.near.get(..count).unwrap_or_default().to_vec())
    }

    /// Looks whether something has happened: what waits is written, and what it says is read if it `may_speak`.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, may_speak: bool) -> Poll<Sign> {
        if self.gone {
            return Poll::Pending;
        }
        if !self.hung_up
            && let Poll::Ready(sign) = self.poll_told(context)
        {
            return Poll::Ready(sign);
        }
        if !may_speak || self.closing {
            return Poll::Pending;
        }
        let mut bytes = ReadBuf::new(&mut self.near);
        match Pin::new(&mut self.stream).poll_read(context, &mut bytes) {
            Poll::Ready(Ok(())) if !bytes.filled().is_empty() => {
                Poll::Ready(Sign::Said(bytes.filled().len()))
            }
            Poll::Ready(_) => Poll::Ready(Sign::Gone),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_told(&mut self, context: &mut Context<'_>) -> Poll<Sign> {
        let stream = Pin::new(&mut self.stream);
        if !self.down.rest().is_empty() {
            return stream
                .poll_write(context, self.down.rest())
                .map(|wrote| match wrote {
                    Ok(count @ 1..) => {
                        self.kept = true;
                        self.down.went(count);
                        Sign::Took
                    }
                    Ok(0) | Err(_) => Sign::Gone,
                });
        }
        if self.kept {
            return stream.poll_flush(context).map(|flushed| {
                self.kept = false;
                flushed.map_or(Sign::Gone, |()| Sign::Took)
            });
        }
        if !self.closing && !self.hanging_up {
            return Poll::Pending;
        }
        stream.poll_shutdown(context).map(|_| {
            self.hung_up = true;
            match self.closing {
                true => Sign::Gone,
                false => Sign::Took,
            }
        })
    }
}

const READ: usize = 8 * 1024;
/// With so many bytes waiting for all clients the server has to wait.
const MOST_BYTES: usize = 512 * 1024;
