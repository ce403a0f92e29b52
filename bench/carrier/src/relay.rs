//! A relay that looks at nothing.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::Failure;

/// Passes on until the process ends.
pub async fn run(port: u16, to: u16) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("ready");
    loop {
        let (mut client, _) = listener.accept().await?;
        client.set_nodelay(true)?;
        tokio::spawn(async move {
            let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
            server.set_nodelay(true)?;
            copy_bidirectional(&mut client, &mut server).await
        });
    }
}
