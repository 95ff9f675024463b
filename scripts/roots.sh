# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What both roots have in common.

# The highest node number.
NODES_MAX=63

# Prints the commands of the cluster, where OpenSSI had them, and those that end a node.
cluster_commands() {
	printf '%s\n' bin/cluster bin/clusternode_num bin/{fast,fastnode,localview,migrate,onall,onnode} \
		bin/where_pid sbin/clustername sbin/clusternode_{avail,getstate,info,shutdown} \
		sbin/{halt,poweroff,reboot}
}

# Prints /etc/hosts: every node there can be, by name.
cluster_hosts() {
	local node
	printf '127.0.0.1 localhost\n'
	for ((node = 1; node <= NODES_MAX; node++)); do
		printf '10.83.0.%d node%d\n' "$node" "$node"
	done
}
