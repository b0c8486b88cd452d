DROP TABLE clerk.webhook_events;
