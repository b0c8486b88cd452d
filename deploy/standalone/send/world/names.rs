//! What people, companies and browsers are called here. All of it is made up; addresses and domains are
//! of the ranges reserved for examples.

use super::dice::Dice;

/// A name as written, and as it stands in addresses.
pub type Name = (&'static str, &'static str);

pub const FIRST_NAMES: [Name; 32] = [
    ("Ada", "ada"),
    ("Amara", "amara"),
    ("Anaïs", "anais"),
    ("Bao", "bao"),
    ("Björn", "bjorn"),
    ("Chinwe", "chinwe"),
    ("Dmitri", "dmitri"),
    ("Eilidh", "eilidh"),
    ("Elif", "elif"),
    ("Fatima", "fatima"),
    ("Grace", "grace"),
    ("Hiroshi", "hiroshi"),
    ("Ines", "ines"),
    ("Iñaki", "inaki"),
    ("Joanna", "joanna"),
    ("Kofi", "kofi"),
    ("Lena", "lena"),
    ("Mateo", "mateo"),
    ("Mei", "mei"),
    ("Nadia", "nadia"),
    ("Olu", "olu"),
    ("Priya", "priya"),
    ("Quentin", "quentin"),
    ("Rosa", "rosa"),
    ("Søren", "soren"),
    ("Tariq", "tariq"),
    ("Uma", "uma"),
    ("Viktor", "viktor"),
    ("Wanjiru", "wanjiru"),
    ("Ximena", "ximena"),
    ("Yusuf", "yusuf"),
    ("Zoë", "zoe"),
];

pub const LAST_NAMES: [Name; 32] = [
    ("Abara", "abara"),
    ("Almeida", "almeida"),
    ("Bianchi", "bianchi"),
    ("Castillo", "castillo"),
    ("Çelik", "celik"),
    ("Dlamini", "dlamini"),
    ("Eriksen", "eriksen"),
    ("Fournier", "fournier"),
    ("García", "garcia"),
    ("Haddad", "haddad"),
    ("Ivanova", "ivanova"),
    ("Jónsdóttir", "jonsdottir"),
    ("Kowalski", "kowalski"),
    ("Lindqvist", "lindqvist"),
    ("Mensah", "mensah"),
    ("Müller", "mueller"),
    ("Nakamura", "nakamura"),
    ("O'Brien", "obrien"),
    ("Okafor", "okafor"),
    ("Petrov", "petrov"),
    ("Quispe", "quispe"),
    ("Rahman", "rahman"),
    ("Santos", "santos"),
    ("Sharma", "sharma"),
    ("Takahashi", "takahashi"),
    ("Tran", "tran"),
    ("Ueda", "ueda"),
    ("van Dijk", "vandijk"),
    ("Weiß", "weiss"),
    ("Yıldız", "yildiz"),
    ("Zając", "zajac"),
    ("Zhou", "zhou"),
];

pub const COMPANIES: [Name; 16] = [
    ("Amber Lantern", "amber-lantern"),
    ("Blue Heron Logistics", "blue-heron"),
    ("Café Meridian", "cafe-meridian"),
    ("Copper & Finch", "copper-finch"),
    ("Deep Field Labs 🔭", "deep-field"),
    ("Evergreen Mutual", "evergreen-mutual"),
    ("Foxglove Studio", "foxglove"),
    ("Granite Works", "granite-works"),
    ("Harbour Light", "harbour-light"),
    ("Juniper Press", "juniper-press"),
    ("Kestrel Aviation", "kestrel"),
    ("Lodestar Analytics", "lodestar"),
    ("Nordlys AS", "nordlys"),
    ("Quiet Orchard", "quiet-orchard"),
    ("Saltmarsh Foods", "saltmarsh"),
    ("Tidewater GmbH", "tidewater"),
];

pub const MAIL_DOMAINS: [&str; 4] = ["example.com", "example.net", "example.org", "post.example"];
pub const LOCALES: [&str; 6] = ["en-US", "en-GB", "de-DE", "fr-FR", "pt-BR", "ja-JP"];
pub const CITIES: [(&str, &str); 6] = [
    ("Lisbon", "PT"),
    ("Nairobi", "KE"),
    ("Osaka", "JP"),
    ("Reykjavík", "IS"),
    ("Toronto", "CA"),
    ("Zürich", "CH"),
];

const USER_AGENTS: [&str; 6] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "okhttp/4.12.0",
    "ExampleApp/7.3 CFNetwork/1568.200.51 Darwin/24.1.0",
    "",
];

/// An address of the ranges reserved for documentation.
pub fn ip_address(octet: u8, second_range: bool) -> String {
    let range = if second_range { "198.51.100" } else { "203.0.113" };
    format!("{range}.{octet}")
}

/// Where a request came from. What is done through the Backend API has an empty address and agent.
pub fn origin([kind, octet]: [u8; 2]) -> (String, &'static str) {
    match usize::from(kind) % USER_AGENTS.len() {
        5 => (String::new(), ""),
        agent => (ip_address(octet, kind > 127), USER_AGENTS[agent]),
    }
}

/// The address of a picture: as long as real ones, which carry a base64 description.
pub fn image_url(dice: &mut Dice) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut url = String::from("https://img.example.com/eyJ0eXBlIjoiZGVmYXVsdCJ9");
    for byte in dice.bytes::<40>() {
        url.push(char::from(HEX[usize::from(byte >> 4)]));
        url.push(char::from(HEX[usize::from(byte & 15)]));
    }
    url
}
