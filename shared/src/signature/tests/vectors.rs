//! Test vectors of the scheme, from the test suites of Svix's own libraries (github.com/svix/svix-webhooks at
//! 4fc0cfb8b426, 2026-08-21) and of Standard Webhooks (github.com/standard-webhooks/standard-webhooks at b2fa7b8719fb),
//! each named after the test it stands for; every HMAC was computed again with another implementation.

pub(super) enum Payload {
    Text(&'static str),
    /// This many times the letter `a`.
    Repeat(usize),
}

pub(super) struct Signed {
    pub(super) name: &'static str,
    pub(super) secret: &'static str,
    pub(super) id: &'static str,
    pub(super) timestamp: i64,
    pub(super) payload: Payload,
    pub(super) signature: &'static str,
}

pub(super) const SIGNED: &[Signed] = &[
    Signed {
        name: "svix-default-sign",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: 1614265330,
        payload: Payload::Text(r#"{"test": 2432232314}"#),
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    Signed {
        name: "svix-rust-sign",
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        timestamp: 1649367553,
        payload: Payload::Text(r#"{"email":"test@example.com","username":"test_user"}"#),
        signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    },
    Signed {
        name: "svix-csharp-large-1048576",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: 1614265330,
        payload: Payload::Repeat(1048576),
        signature: "v1,txpEUxqWZJ5nteTnymUVa+7C4NHpBeXJ6CsBAW0c3/A=",
    },
    Signed {
        name: "svix-csharp-large-262144",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: 1614265330,
        payload: Payload::Repeat(262144),
        signature: "v1,Mw4Pe2WgApuT7NSqnSq0PQPV9gbLdggCl9B865x5Xh0=",
    },
    Signed {
        name: "svix-csharp-large-262143",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: 1614265330,
        payload: Payload::Repeat(262143),
        signature: "v1,NTItnqyWMoFhk2Bbe5V/BMdcFRWgcSQaTgqLHX7FC7c=",
    },
];

/// A right signature of another version (ed25519), to be passed over.
pub(super) const ED25519_SIGNATURE: &str =
    "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

pub(super) struct Presented {
    pub(super) name: &'static str,
    pub(super) secret: &'static str,
    pub(super) id: &'static str,
    pub(super) timestamp: &'static str,
    pub(super) payload: &'static str,
    pub(super) signatures: &'static str,
    pub(super) valid: bool,
}

pub(super) const PRESENTED: &[Presented] = &[
    Presented {
        name: "single",
        secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        valid: true,
    },
    Presented {
        name: "multi-sig",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        valid: true,
    },
    Presented {
        name: "wrong-sig",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
        valid: false,
    },
    Presented {
        name: "short-garbage",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,dawfeoifkpqwoekfpqoekf",
        valid: false,
    },
    Presented {
        name: "empty-v1",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,",
        valid: false,
    },
    Presented {
        name: "prefix-8-bytes",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,g0hM9",
        valid: false,
    },
    Presented {
        name: "truncated-sig",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLawdd",
        valid: false,
    },
    Presented {
        name: "last-char-changed",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=",
        valid: false,
    },
    Presented {
        name: "rust-no-verify",
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        timestamp: "1649367553",
        payload: r#"{"email":"test@example.com","username":"test_user"}"#,
        signatures: "v1,R3PTzyfHASBKHH98a7yexTwaJ4yNIcGhFQc1yuN+BPU=",
        valid: false,
    },
    Presented {
        name: "rust-multi-all-wrong",
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        timestamp: "1649367553",
        payload: r#"{"email":"test@example.com","username":"test_user"}"#,
        signatures: "v1,tFtCZ5RDCPxzWQRWXWPgrCgE2frDBe9gjpbWQxnVfsQ= v1,Mm7xgUVICxZfQ3bgf0h0Dof65L/IFx+PnZvnDWPCX6Q= v1,9DfC1c3eeOrXB6w/5dIDydLNQaEyww5KalE5jLBZucE=",
        valid: false,
    },
    Presented {
        name: "rust-multi-one-right",
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        timestamp: "1649367553",
        payload: r#"{"email":"test@example.com","username":"test_user"}"#,
        signatures: "v1,tFtCZ5RDCPxzWQRWXWPgrCgE2frDBe9gjpbWQxnVfsQ= v1,Mm7xgUVICxZfQ3bgf0h0Dof65L/IFx+PnZvnDWPCX6Q= v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw= v1,9DfC1c3eeOrXB6w/5dIDydLNQaEyww5KalE5jLBZucE=",
        valid: true,
    },
    Presented {
        name: "v2-only",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "1614265330",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        valid: false,
    },
    Presented {
        name: "timestamp-mismatch",
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        timestamp: "1649367554",
        payload: r#"{"email":"test@example.com","username":"test_user"}"#,
        signatures: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        valid: false,
    },
    Presented {
        name: "timestamp-not-number",
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp: "hello",
        payload: r#"{"test": 2432232314}"#,
        signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        valid: false,
    },
];
