//! A whole application: pays for a task, follows it, and prints its result.
//!
//! ```text
//! hydrogen testnet up                                      # in another terminal; prints RPC addresses and a key
//! cargo run --release --example task -- http://127.0.0.1:4700 ~/.hydrogen/testnet/keys/app.json \
//!     contracts/wasm/wordcount.wasm README.md
//! ```

use hydrogen::application::{self, Begin, Desk, Order, Program, Progress, RunOptions, describe};
use hydrogen::client::relay::Upload;
use hydrogen::client::{Client, Wallet};
use hydrogen::keys::{KeyError, KeyFile};
use hydrogen_core::NodeKeys;
use hydrogen_types::Amount;
use std::error::Error;
use std::path::{Path, PathBuf};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [rpc, key, program, input] = args.as_slice() else {
        return Err("usage: task RPC KEY_FILE PROGRAM INPUT".into());
    };

    // A wallet: an account of the chain, here one of a test network, whose key stands in clear.
    let seed = *KeyFile::read(Path::new(key))?.seed(|| Err(KeyError::Unsupported))?;
    let wallet = Wallet::new(Client::new(std::slice::from_ref(rpc))?, NodeKeys::from_seed(seed).account);
    let desk = Desk::open(wallet, None).await?;

    // What is to be computed, and for how much.
    let program = Program::from_file(program).await?;
    let order = Order::new(program, Upload::of(Path::new(input)).await?, Amount::cnx(30));
    let price = desk.quote(&order).await?;
    println!("at least {} CNX, safe up to {} CNX", price.fee_min, price.fee_safe);

    // One call to the result. Whoever is killed in it calls again, and pays nothing twice.
    let folder = std::env::temp_dir().join("hydrogen-example");
    std::fs::create_dir_all(&folder)?;
    let to: PathBuf = folder.join("result");
    let options = RunOptions { records: folder, begin: Begin::Resume, to: to.clone() };
    let tell = |progress: &Progress<'_>| {
        if let Progress::Step(step) = progress {
            println!("{}", describe(&step.header, &step.event, &|address| address.to_string()));
        }
    };
    let delivered = application::run(&desk, &order, &options, &tell).await?;

    println!("task {} gave {} bytes:", delivered.view.id, delivered.bytes);
    println!("{}", String::from_utf8_lossy(&std::fs::read(to)?));
    Ok(())
}
