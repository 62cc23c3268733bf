//! What a transaction does, for people: modules by size and hash, not by their bytes.

use hydrogen_types::{Action, Hash};
use serde_json::{Value, json};

/// The action as a JSON object with its name under `type`.
#[must_use]
pub fn to_json(action: &Action) -> Value {
    let hex = |bytes: &[u8]| format!("0x{}", hex::encode(bytes));
    match action {
        Action::Transfer { to, amount } => {
            json!({"type": "transfer", "to": to.to_string(), "amount": amount.get().to_string()})
        }
        Action::Approve { spender, amount } => {
            json!({"type": "approve", "spender": spender.to_string(), "amount": amount.get().to_string()})
        }
        Action::Upload { code } => {
            let hash = Hash::sha256(code);
            json!({"type": "upload", "code_hash": hash.to_string(), "code_bytes": code.len()})
        }
        Action::Deploy { code, init } => {
            json!({"type": "deploy", "code_hash": code.to_string(), "init": hex(init)})
        }
        Action::Call { contract, method, args, value } => json!({
            "type": "call", "contract": contract.to_string(), "method": method, "args": hex(args),
            "value": value.get().to_string()
        }),
        Action::Upgrade { contract, code, migrate } => json!({
            "type": "upgrade", "contract": contract.to_string(), "code_hash": code.to_string(),
            "migrate": hex(migrate)
        }),
        Action::SetValidator { validator } => json!({
            "type": "set_validator", "consensus_key": validator.consensus_key.to_string(),
            "vrf_key": validator.vrf_key.to_string(), "power": validator.power.to_string(),
            "account": validator.account.to_string()
        }),
        Action::SetAdmin { contract, admin } => json!({
            "type": "set_admin", "contract": contract.to_string(),
            "admin": admin.map(|admin| admin.to_string())
        }),
    }
}
