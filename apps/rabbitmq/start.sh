#!/bin/sh
# RabbitMQ under a name that no move changes: its node is the container's own loopback, and so is the port mapper's.
set -eu

export HOME=/var/lib/rabbitmq
export RABBITMQ_NODENAME=rabbit@localhost
export RABBITMQ_MNESIA_BASE=/data
export RABBITMQ_LOG_BASE=/var/log/rabbitmq
export RABBITMQ_CONFIG_FILE=/etc/rabbitmq/rabbitmq.conf
export RABBITMQ_ENABLED_PLUGINS_FILE=/etc/rabbitmq/enabled_plugins
export ERL_EPMD_ADDRESS=127.0.0.1
# The other node may have other processors; none is asked for by number.
export RABBITMQ_SCHEDULER_BIND_TYPE=u
# Nodes are no cluster: what talks to this one runs in its own container. Erlang's watch over disks wants another `df`.
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='+S 1:1 +A 4 -os_mon start_disksup false -kernel inet_dist_use_interface {127,0,0,1}'

exec /usr/lib/rabbitmq/server/sbin/rabbitmq-server
