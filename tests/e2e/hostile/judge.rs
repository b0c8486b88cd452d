//! What came back, held against what may.

use harness::http::{self, Response};

use super::{
    account::Claim,
    client::Received,
    contract::Contract,
    exchange::{Answers, Call, Event, Exchange},
};

/// What follows from the answers to an exchange.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The answers, in words.
    pub answers: Vec<String>,
    /// What is in the queue.
    pub claims: Vec<Claim>,
}

/// Holds the answers against the exchange; an error says what is wrong.
pub fn judge(exchange: &Exchange, received: &Received, contract: &Contract) -> Result<Verdict, String> {
    let bytes = match received {
        Received::All(bytes) => bytes,
        Received::Unread => {
            let claims = exchange.calls.iter().filter_map(|call| call.event.as_ref()).map(Claim::perhaps);
            return Ok(Verdict { claims: claims.collect(), ..Verdict::default() });
        }
        Received::Open(_) => return Err("the connection stays open".to_owned()),
    };
    let is_head = |number: usize| exchange.calls.get(number).is_some_and(|call| call.head);
    let mut responses = http::answers(bytes, is_head).map_err(|error| format!("no HTTP: {error}"))?;
    let interim = responses.len();
    responses.retain(|response| response.status != 100);
    if interim > responses.len() && !expects(exchange) {
        return Err("100, unasked for".to_owned());
    }
    let answers = responses
        .iter()
        .enumerate()
        .map(|(number, response)| answer(response, is_head(number), contract))
        .collect::<Result<Vec<_>, _>>()?;
    let says_close = |response: &Response| response.header("connection") == Some("close");
    let claims = if exchange.loose {
        loosely(exchange, &answers)?
    } else {
        strictly(exchange, &answers, responses.iter().position(says_close))?
    };
    Ok(Verdict { answers, claims })
}

fn answer(response: &Response, head: bool, contract: &Contract) -> Result<String, String> {
    let answer = contract.check(response, head)?;
    if response.status >= 500 { Err(format!("a fault of the server: {answer}")) } else { Ok(answer) }
}

fn expects(exchange: &Exchange) -> bool {
    exchange.bytes().to_ascii_lowercase().windows(12).any(|window| window == b"100-continue")
}

/// Nobody knows which answer is to which request: as many as were accepted are in the queue.
fn loosely(exchange: &Exchange, answers: &[String]) -> Result<Vec<Claim>, String> {
    let events: Vec<&Event> = exchange.calls.iter().filter_map(|call| call.event.as_ref()).collect();
    let accepted = answers.iter().filter(|answer| *answer == "200 accepted").count();
    if accepted > events.len() {
        return Err(format!("{accepted} accepted where {} are signed: {answers:?}", events.len()));
    }
    Ok(vec![Claim::so_many(events, accepted)])
}

/// Each request has its answer, unless the connection ended before. After the answer that says that it will, the server
/// may have begun with the requests that follow.
fn strictly(exchange: &Exchange, answers: &[String], last: Option<usize>) -> Result<Vec<Claim>, String> {
    let mut claims = Vec::new();
    let mut may_be_over = false;
    for (number, call) in exchange.calls.iter().enumerate() {
        let begun = last.is_some_and(|last| last < number);
        match answers.get(number) {
            Some(answer) if !call.allows(answer) => {
                return Err(format!(
                    "request {number}: {answer} instead of {:?}, of {answers:?}",
                    call.answers
                ));
            }
            Some(answer) => claims.extend(call.event.as_ref().map(|event| {
                let accepted = usize::from(answer == "200 accepted");
                Claim::so_many(vec![event], accepted)
            })),
            None if begun => claims.extend(call.event.as_ref().map(Claim::perhaps)),
            None if may_be_over || call.may_be_silent => {}
            None => return Err(format!("request {number} is not answered: {answers:?}")),
        }
        may_be_over |= call.may_close;
    }
    if answers.len() > exchange.calls.len() {
        return Err(format!("more answers than requests: {answers:?}"));
    }
    Ok(claims)
}

impl Call {
    fn allows(&self, answer: &str) -> bool {
        let accepted = answer == "200 accepted";
        match &self.answers {
            Answers::These(these) => these.iter().any(|this| this == answer),
            Answers::Refusal => !accepted,
            Answers::Any => !accepted || self.event.is_some(),
        }
    }
}
