//! The binary `hydrogen`.

fn main() -> std::process::ExitCode {
    hydrogen::args::main()
}
