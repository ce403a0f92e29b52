//! Whose program is at the other end of a connection inside this computer, as the kernel knows it.

use std::net::{IpAddr, SocketAddr};

/// Whether the program that connected from `peer` to `here` runs for the same user as we do. `false` where that cannot
/// be told.
pub(super) fn is_ours(peer: SocketAddr, here: SocketAddr) -> bool {
    known(peer, here) == Some(true)
}

/// Whether it certainly runs for another user.
pub(super) fn is_anothers(peer: SocketAddr, here: SocketAddr) -> bool {
    known(peer, here) == Some(false)
}

/// Whether the program runs for the same user as we do, if that can be told.
#[cfg(target_os = "linux")]
fn known(peer: SocketAddr, here: SocketAddr) -> Option<bool> {
    use std::os::unix::fs::MetadataExt;
    let us = std::fs::metadata("/proc/self").map(|us| us.uid()).ok()?;
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"];
    let mut tables = tables
        .iter()
        .filter_map(|table| std::fs::read_to_string(table).ok());
    let owner = tables.find_map(|table| owner(&table, peer, here))?;
    Some(owner == us)
}

/// Unknown on this system.
#[cfg(not(target_os = "linux"))]
fn known(_: SocketAddr, _: SocketAddr) -> Option<bool> {
    None
}

/// The user whose socket goes from one address to another, by the kernel's table of sockets. A socket that its program has
/// let go of is nobody's: the kernel counts it as root's, whosever it was.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
fn owner(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u32> {
    let wanted = [spellings(from), spellings(to)];
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let is = |place: usize, spellings: &[String]| {
            fields
                .get(place)
                .is_some_and(|have| spellings.iter().any(|want| want == have))
        };
        let is_held = fields.get(9).is_some_and(|inode| *inode != "0");
        (is(1, &wanted[0]) && is(2, &wanted[1]) && is_held)
            .then(|| fields.get(7)?.parse().ok())
            .flatten()
    })
}

/// An address as the two tables have it: words of four bytes, in the order of this processor.
fn spellings(address: SocketAddr) -> Vec<String> {
    let words = |bytes: &[u8]| -> String {
        let word = |four: &[u8]| {
            let four: [u8; 4] = four.try_into().unwrap_or_default();
            format!("{:08X}", u32::from_ne_bytes(four))
        };
        bytes.chunks(4).map(word).collect()
    };
    let all = match address.ip() {
        IpAddr::V4(ip) => vec![words(&ip.octets()), words(&ip.to_ipv6_mapped().octets())],
        IpAddr::V6(ip) => vec![words(&ip.octets())],
    };
    all.into_iter()
        .map(|ip| format!("{ip}:{:04X}", address.port()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_socket_of_ours_is_ours_and_one_that_is_not_there_is_not() {
        for place in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(place) else {
                continue;
            };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (server, peer) = listener.accept().unwrap();
            let here = server.local_addr().unwrap();
            assert!(is_ours(peer, here), "{place}");
            assert!(!is_ours(here, here), "{place}");
            drop(client);
        }
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn reads_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            \x20  0: 0100007F:4139 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1\n\
            \x20  1: 0100007F:4139 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 2 1\n\
            \x20  2: 0100007F:C350 0100007F:4139 01 00000000:00000000 00:00000000 00000000  1001        0 3 1\n\
            \x20  3: 0100007F:C352 0100007F:4139 05 00000000:00000000 00:00000000 00000000     0        0 0 1\n";
        let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
        assert_eq!(owner(table, address(50000), address(16697)), Some(1001));
        assert_eq!(owner(table, address(16697), address(50000)), Some(1000));
        assert_eq!(owner(table, address(50001), address(16697)), None);
        assert_eq!(
            owner(table, address(50002), address(16697)),
            None,
            "s70: nobody holds it"
        );
        assert_eq!(owner("", address(1), address(2)), None);
    }
}
