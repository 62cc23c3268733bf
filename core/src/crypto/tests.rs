use super::{SecretKey, VrfSecret, verify, vrf_verify};
use hydrogen_types::{PublicKey, Signature};

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hydrogen_types::hash::from_hex(hex).unwrap()
}

/// RFC 9381, appendix B.3, examples 16 to 18.
#[test]
fn vrf_matches_the_rfc() {
    let vectors = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            &[] as &[u8],
            "8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805",
            "90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            &[0x72],
            "f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02",
            "eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            &[0xaf, 0x82],
            "9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e",
            "645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f",
        ),
    ];
    for (secret, public, input, proof, output) in vectors {
        let secret = VrfSecret::from_seed(bytes(secret));
        assert_eq!(secret.public(), PublicKey(bytes(public)));
        assert_eq!(secret.prove(input), bytes::<80>(proof));
        assert_eq!(vrf_verify(&secret.public(), input, &bytes(proof)), Some(bytes::<64>(output)));
        assert_eq!(vrf_verify(&secret.public(), b"other", &bytes(proof)), None);
    }
}

/// `s` and `s + q` are the same number modulo the group order `q`; only the first is a proof.
#[test]
fn vrf_refuses_other_encodings_of_a_proof() {
    let secret = VrfSecret::from_seed([7; 32]);
    let proof = secret.prove(b"input");
    assert!(vrf_verify(&secret.public(), b"input", &proof).is_some());

    let mut shifted = proof;
    add_order(shifted.last_chunk_mut().unwrap());
    assert_eq!(vrf_verify(&secret.public(), b"input", &shifted), None, "s + q");

    // The point with y = p + 1 is the neutral element written a second way.
    let mut high = proof;
    high[..32].copy_from_slice(&[0xff; 32]);
    high[0] = 0xee;
    high[31] = 0x7f;
    assert_eq!(vrf_verify(&secret.public(), b"input", &high), None, "non-canonical point");

    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(vrf_verify(&PublicKey(neutral), b"input", &proof), None, "small-order key");
}

/// Adds the group order 2^252 + 27742317777372353535851937790883648493 to a little-endian number.
fn add_order(number: &mut [u8; 32]) {
    let order: [u8; 32] = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0u16;
    for (byte, addend) in number.iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
}

/// RFC 8032, section 7.1, test 2; and the same with `s + q`, which the lenient rule of some libraries takes.
#[test]
fn signatures_match_the_rfc_and_have_one_encoding() {
    let secret =
        SecretKey::from_seed(bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"));
    let signature = secret.sign(&[0x72]);
    let expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    assert_eq!(signature, Signature(bytes(expected)));
    assert!(verify(&secret.public(), &[0x72], &signature));
    assert!(!verify(&secret.public(), &[0x73], &signature));

    let mut shifted = signature.0;
    add_order(shifted.last_chunk_mut().unwrap());
    assert!(!verify(&secret.public(), &[0x72], &Signature(shifted)), "s + q");
}
