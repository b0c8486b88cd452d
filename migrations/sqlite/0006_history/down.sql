DROP TABLE webhook_event_history;
