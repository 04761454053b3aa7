/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A syslog daemon that throws everything away: without a listener some modules' messages are slow.
 *
 *     sink SOCKET     prints "ready"
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/load.h"

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char packet[65536];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: sink SOCKET\n");
		return 2;
	}
	memcpy(address.sun_path, argv[1], strlen(argv[1]));
	unlink(argv[1]);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(argv[1], 0666) < 0)
		load_fail(argv[1]);
	puts("ready");
	(void)fflush(stdout);
	while (recv(fd, packet, sizeof(packet), 0) >= 0)
		;
	return 0;
}
