//! What claims to be several deliveries in one message.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shared::delivery::group;

fuzz_target!(|bytes: &[u8]| {
    let Ok(deliveries) = group::decode(bytes) else { return };
    let encoded = group::encode(deliveries.iter());
    assert_eq!(group::decode(&encoded).as_deref(), Ok(&*deliveries));
});
