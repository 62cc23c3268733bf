//! What `config.json` may say.

use super::NodeFile;

fn listens(text: &str) -> Vec<String> {
    serde_json::from_str::<NodeFile>(text).expect("a configuration").p2p_listen
}

/// One address is a text, several are a list; what is written is read again.
#[test]
fn addresses_to_listen_on_are_one_or_many() {
    let (tcp, quic) = ("/ip4/0.0.0.0/tcp/4750", "/ip4/0.0.0.0/udp/4750/quic-v1");
    assert_eq!(listens("{}"), [tcp]);
    assert_eq!(listens(&format!(r#"{{"p2p_listen": "{quic}"}}"#)), [quic]);
    assert_eq!(listens(&format!(r#"{{"p2p_listen": ["{tcp}", "{quic}"]}}"#)), [tcp, quic]);
    for p2p_listen in [vec![tcp.to_owned()], vec![tcp.to_owned(), quic.to_owned()]] {
        let text = serde_json::to_string(&NodeFile { p2p_listen: p2p_listen.clone(), ..NodeFile::default() });
        assert_eq!(listens(&text.expect("JSON")), p2p_listen);
    }
    assert!(serde_json::from_str::<NodeFile>(r#"{"p2p_listen": 4750}"#).is_err());
}
