//! The webhook endpoint: verify, publish, acknowledge.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use shared::{
    queue::Publisher,
    signature::{Credentials, Verifier},
};

use crate::{
    answer::Answer,
    body::{self, BodyLimits},
    metrics::Metrics,
};

/// The path Clerk is pointed at.
pub(crate) const PATH: &str = "/webhooks/clerk";

/// What the endpoint works with, shared by all threads.
pub(crate) struct Edge {
    pub(crate) verifier: Verifier,
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) limits: BodyLimits,
    pub(crate) metrics: Metrics,
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
    answer.into_response()
}

async fn accept(request: &HttpRequest, payload: Payload, edge: &Edge) -> Result<(), Answer> {
    // The headers come first: nobody's body is read on the word of headers that cannot be right.
    let credentials =
        Credentials::read(|name| request.headers().get_all(name).map(|value| value.as_bytes()))?;
    let body = body::read(request, payload, edge.limits).await?;
    let verified = edge.verifier.verify(&credentials, body, SystemTime::now())?;
    edge.metrics.verified(verified.secret());
    edge.publisher.publish(verified).await.map_err(|error| {
        tracing::debug!(error = %error, "not queued");
        Answer::from(error)
    })
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
    answer.into_response()
}
