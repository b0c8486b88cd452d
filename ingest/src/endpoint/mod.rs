//! The webhook endpoint: verify, publish, acknowledge.

mod body;
mod budget;
mod source;

pub(crate) use body::BodyLimits;
pub(crate) use budget::Budget;
pub(crate) use source::{AllowedSources, Networks};

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{ConnectionType, header::HeaderValue},
    web::{Data, Payload},
};
use shared::{
    lifecycle::Readiness,
    queue::Publisher,
    signature::{Credentials, Verifier},
};

use self::body::Body;
use crate::{answer::Answer, metrics::Metrics};

/// The path Clerk is pointed at.
pub(crate) const PATH: &str = "/webhooks/clerk";

const FORWARDED_FOR: &str = "x-forwarded-for";

/// What the endpoint works with, shared by all threads.
pub(crate) struct Edge {
    pub(crate) verifier: Verifier,
    pub(crate) publisher: Arc<dyn Publisher>,
    /// Who may send; anybody if there is no list.
    pub(crate) sources: Option<AllowedSources>,
    pub(crate) limits: BodyLimits,
    pub(crate) budget: Budget,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
}

impl Edge {
    fn respond(&self, answer: Answer) -> HttpResponse {
        let mut response = answer.into_response();
        if self.readiness.is_shut() {
            // The process is stopping: kept-alive connections are told to go elsewhere.
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        response
    }
}

/// Answers a POST to the endpoint.
pub(crate) async fn receive(request: HttpRequest, payload: Payload, edge: Data<Edge>) -> HttpResponse {
    let started = Instant::now();
    let in_flight = edge.metrics.enter();
    let answer = match accept(&request, payload, &edge).await {
        Ok(()) => Answer::Accepted,
        Err(answer) => answer,
    };
    drop(in_flight);
    edge.metrics.answered(answer, started.elapsed());
    edge.respond(answer)
}

async fn accept(request: &HttpRequest, payload: Payload, edge: &Edge) -> Result<(), Answer> {
    if let Some(sources) = &edge.sources
        && !is_allowed(request, sources)
    {
        return Err(Answer::SourceNotAllowed);
    }
    // The headers come first: nobody's body is read on the word of headers that cannot be right.
    let credentials =
        Credentials::read(|name| request.headers().get_all(name).map(|value| value.as_bytes()))?;
    let Body { bytes, share: _share } = body::read(request, payload, edge.limits, &edge.budget).await?;
    let verified = edge.verifier.verify(&credentials, bytes, SystemTime::now())?;
    edge.metrics.verified(verified.secret());
    edge.publisher.publish(verified).await.map_err(|error| {
        tracing::debug!(error = %error, "not queued");
        Answer::from(error)
    })
}

fn is_allowed(request: &HttpRequest, sources: &AllowedSources) -> bool {
    let forwarded_for = || request.headers().get_all(FORWARDED_FOR).map(HeaderValue::as_bytes);
    request.peer_addr().is_some_and(|peer| sources.allows(peer, forwarded_for))
}

/// Answers another method on the endpoint's path.
pub(crate) async fn method_not_allowed(edge: Data<Edge>) -> HttpResponse {
    refuse(&edge, Answer::MethodNotAllowed)
}

/// Answers any other path.
pub(crate) async fn not_found(edge: Data<Edge>) -> HttpResponse {
    refuse(&edge, Answer::NotFound)
}

fn refuse(edge: &Edge, answer: Answer) -> HttpResponse {
    edge.metrics.refused(answer);
    edge.respond(answer)
}
