DROP TABLE clerk.webhook_event_history;
