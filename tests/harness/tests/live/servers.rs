//! RabbitMQ and PostgreSQL.

use harness::{Durability, Postgres, RabbitMq, SmallDisk, postgres, psql, rabbitmq, wait_until};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Confirmation, Connection, ConnectionProperties};

use crate::DEADLINE;

/// Declares a quorum queue and publishes messages into it, confirmed.
async fn publish(url: &str, queue: &str, messages: usize) {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    for _ in 0..messages {
        let persistent = BasicProperties::default().with_delivery_mode(2);
        let options = BasicPublishOptions::default();
        let confirm =
            channel.basic_publish("".into(), queue.into(), options, b"{}", persistent).await.unwrap();
        assert_eq!(confirm.await.unwrap(), Confirmation::Ack(None));
    }
    connection.close(200, "done".into()).await.unwrap();
}

#[tokio::test]
async fn shared_rabbitmq_shows_its_queues() {
    let server = rabbitmq();
    let queue = format!("{}.inbox", server.namespace("depth"));
    assert_eq!(server.queue_depth(&queue), None);
    publish(server.url(), &queue, 3).await;
    assert_eq!(server.queue_depth(&queue), Some(3));
}

#[tokio::test]
async fn existing_servers_are_used_as_they_are() {
    let broker = RabbitMq::existing(rabbitmq().url());
    let queue = format!("{}.inbox", broker.namespace("existing"));
    publish(rabbitmq().url(), &queue, 1).await;
    assert_eq!(broker.queue_depth(&queue), Some(1));
    assert!(broker.pids().is_empty());

    let template = postgres().fresh_database("existing");
    let database = Postgres::existing(&template).fresh_database("existing");
    assert_ne!(database, template);
    assert_eq!(psql(&database, "SELECT 1"), "1");
}

#[tokio::test]
async fn private_rabbitmq_is_controlled_and_survives_a_kill_and_a_stop() {
    let mut server = RabbitMq::start().unwrap();
    publish(server.url(), "inbox", 2).await;
    server.wait_until_on_disk("inbox");
    let killed = server.pids()[0];
    server.kill9();
    assert!(!std::path::Path::new(&format!("/proc/{killed}")).exists());
    server.restart().unwrap();
    // A quorum queue elects its leader after the node has opened its port.
    wait_until("the messages are back", DEADLINE, || server.queue_depth("inbox") == Some(2));

    let stopped = server.pids()[0];
    server.stop();
    assert!(!std::path::Path::new(&format!("/proc/{stopped}")).exists());
    server.restart().unwrap();
    wait_until("the messages are back", DEADLINE, || server.queue_depth("inbox") == Some(2));

    let listed = server.ctl(&["list_queues", "--no-table-headers", "name", "type"]);
    assert!(listed.status.success(), "{listed:?}");
    assert_eq!(String::from_utf8(listed.stdout).unwrap(), "inbox\tquorum\n");
    assert_ne!(server.url(), rabbitmq().url());
}

#[test]
fn databases_are_separate() {
    let server = postgres();
    let (one, two) = (server.fresh_database("Databases: one"), server.fresh_database("Databases: one"));
    assert_ne!(one, two);
    assert_eq!(psql(&one, "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, NULL)"), "");
    assert_eq!(psql(&one, "SELECT a, b FROM t ORDER BY a"), "1|x\n2|");
    assert_eq!(psql(&two, "SELECT to_regclass('t') IS NULL"), "t");
}

#[test]
#[should_panic(expected = "division by zero")]
fn psql_says_why_the_server_refuses() {
    psql(&postgres().fresh_database("refusal"), "SELECT 1 / 0");
}

#[test]
fn durability_is_what_was_asked_for() {
    let settings = "SELECT current_setting('fsync'), current_setting('full_page_writes'), \
                    current_setting('synchronous_commit')";
    let show = |server: &Postgres| psql(&server.fresh_database("settings"), settings);
    assert_eq!(show(&Postgres::start(Durability::Relaxed).unwrap()), "off|off|on");
    assert_eq!(show(&Postgres::start(Durability::Full).unwrap()), "on|on|on");
}

#[test]
fn private_postgres_keeps_what_was_committed_when_it_is_killed_or_stopped() {
    let mut server = Postgres::start(Durability::Full).unwrap();
    let database = server.fresh_database("killed");
    psql(&database, "CREATE TABLE t (x int); INSERT INTO t VALUES (1)");
    server.kill9();
    server.restart().unwrap();
    psql(&database, "INSERT INTO t VALUES (2)");
    server.stop();
    server.restart().unwrap();
    assert_eq!(psql(&database, "SELECT count(*) FROM t"), "2");
}

#[test]
fn a_small_disk_is_full_until_it_is_freed() {
    let disk = SmallDisk::mount(1).unwrap();
    let file = disk.folder().join("file");
    disk.fill().unwrap();
    assert_eq!(std::fs::write(&file, "x").unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    disk.free().unwrap();
    std::fs::write(&file, "x").unwrap();
    let folder = disk.folder().to_owned();
    drop(disk);
    assert!(!folder.join("file").exists());
}
