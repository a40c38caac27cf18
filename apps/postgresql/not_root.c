/*
 * PostgreSQL refuses to run as root; and where podferry lacks CAP_SYS_RESOURCE, CRIU cannot dump anybody but root. In this
 * image, and only here, PostgreSQL is told that it runs as the user of /etc/passwd that owns its data. It keeps nobody out
 * of anything: the container's limits are what confines it.
 */
unsigned int getuid(void) { return 65532; }
unsigned int geteuid(void) { return 65532; }
