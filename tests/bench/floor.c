/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: what a check cannot avoid, and nothing else. Connect; one ES256 signature, by a key
 * that was parsed once; one row that burns the token, on disk before the answer (SQLite, WAL,
 * synchronous=FULL); close. Two threads verify, one commits whatever has queued up meanwhile. No
 * policy, no claims, no log, no limits: a yardstick for jitd, never a daemon for anybody's door.
 * Who sends a "?" first is asked for the token, as jitd asks: what the second trip costs.
 *
 *     floor SOCKET PUBLIC-KEY.pem DATABASE     prints "ready"
 */
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/load.h"
#include "token/base64url.h"

#define VERIFIERS  2
#define TOKEN_SIZE 4096
#define HALF       32 /* of an ES256 signature */

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			load_fail("floor: " #condition);                                           \
	} while (0)

struct waiting {
	int fd;
	bool fresh; /* not burned before */
	uint8_t digest[32];
	struct waiting *next;
};

struct server {
	int listener;
	EVP_PKEY *key;
	sqlite3 *db;
	sqlite3_stmt *begin, *insert, *commit;
	pthread_mutex_t lock;
	pthread_cond_t come;
	struct waiting *first, **last;
	int64_t rows;
};

/* ---- the signature ---- */

static size_t der_of(const uint8_t raw[static 2 * HALF], uint8_t *ret_der)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	int size;

	must(pair && ECDSA_SIG_set0(pair, BN_bin2bn(raw, HALF, NULL),
	                            BN_bin2bn(raw + HALF, HALF, NULL)) == 1);
	size = i2d_ECDSA_SIG(pair, &ret_der);
	ECDSA_SIG_free(pair);
	return size > 0 ? (size_t)size : 0;
}

static bool verify(const struct server *server, const char *token)
{
	const char *dot = strrchr(token, '.');
	uint8_t raw[2 * HALF], der[2 * HALF + 16];
	size_t length = 0;
	EVP_MD_CTX *ctx;
	bool good;

	if (!dot || base64url_decode(dot + 1, strlen(dot + 1), raw, sizeof(raw), &length) < 0 ||
	    length != sizeof(raw))
		return false;
	length = der_of(raw, der);
	ctx = EVP_MD_CTX_new();
	good = ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, server->key) == 1 &&
	       EVP_DigestVerify(ctx, der, length, (const uint8_t *)token, (size_t)(dot - token)) ==
	               1;
	EVP_MD_CTX_free(ctx);
	return good;
}

static void answer(int fd, bool good)
{
	(void)!send(fd, good ? "A" : "D", 1, MSG_NOSIGNAL);
	close(fd);
}

static void queue(struct server *server, int fd, const char *token, size_t length)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	must(waiting);
	waiting->fd = fd;
	must(EVP_Q_digest(NULL, "SHA256", NULL, token, length, waiting->digest, NULL) == 1);
	pthread_mutex_lock(&server->lock);
	*server->last = waiting;
	server->last = &waiting->next;
	pthread_cond_signal(&server->come);
	pthread_mutex_unlock(&server->lock);
}

static ssize_t receive(int fd, char token[static TOKEN_SIZE])
{
	ssize_t length = recv(fd, token, TOKEN_SIZE - 1, 0);

	if (length == 1 && *token == '?' && send(fd, "Token: ", 7, MSG_NOSIGNAL) == 7)
		length = recv(fd, token, TOKEN_SIZE - 1, 0);
	return length;
}

static void *verifier(void *context)
{
	struct server *server = context;
	char token[TOKEN_SIZE];

	for (;;) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		ssize_t length = fd < 0 ? -1 : receive(fd, token);
		if (length <= 0) {
			if (fd >= 0)
				close(fd);
			continue;
		}
		token[length] = '\0';
		if (verify(server, token))
			queue(server, fd, token, (size_t)length);
		else
			answer(fd, false);
	}
	return NULL;
}

/* ---- the disk ---- */

static int step(sqlite3_stmt *statement)
{
	int r = sqlite3_step(statement);

	sqlite3_reset(statement);
	return r;
}

/* Keys grow, as an expiry does, so that rows written together lie together. */
static void burn(struct server *server, struct waiting *waiting)
{
	sqlite3_bind_int64(server->insert, 1, server->rows++ / 1000);
	sqlite3_bind_blob(server->insert, 2, waiting->digest, sizeof(waiting->digest),
	                  SQLITE_STATIC);
	must(step(server->insert) == SQLITE_DONE);
	waiting->fresh = sqlite3_changes(server->db) == 1;
}

static struct waiting *take_all(struct server *server)
{
	struct waiting *first;

	pthread_mutex_lock(&server->lock);
	while (!server->first)
		pthread_cond_wait(&server->come, &server->lock);
	first = server->first;
	server->first = NULL;
	server->last = &server->first;
	pthread_mutex_unlock(&server->lock);
	return first;
}

static void commit_for_ever(struct server *server)
{
	for (;;) {
		struct waiting *all = take_all(server);
		must(step(server->begin) == SQLITE_DONE);
		for (struct waiting *each = all; each; each = each->next)
			burn(server, each);
		must(step(server->commit) == SQLITE_DONE);
		while (all) {
			struct waiting *next = all->next;
			answer(all->fd, all->fresh);
			free(all);
			all = next;
		}
	}
}

static sqlite3_stmt *prepare(struct server *server, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	must(sqlite3_prepare_v3(server->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) ==
	     SQLITE_OK);
	return statement;
}

static void open_database(struct server *server, const char *path)
{
	must(sqlite3_open(path, &server->db) == SQLITE_OK);
	must(sqlite3_exec(server->db,
	                  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	                  "CREATE TABLE IF NOT EXISTS burned (bucket INTEGER, digest BLOB, "
	                  "PRIMARY KEY (bucket, digest)) STRICT, WITHOUT ROWID",
	                  NULL, NULL, NULL) == SQLITE_OK);
	server->begin = prepare(server, "BEGIN IMMEDIATE");
	server->insert = prepare(server, "INSERT OR IGNORE INTO burned VALUES (?, ?)");
	server->commit = prepare(server, "COMMIT");
}

/* ---- */

static void open_socket(struct server *server, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	must(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	unlink(path);
	server->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	must(bind(server->listener, (const struct sockaddr *)&address, sizeof(address)) == 0);
	must(listen(server->listener, 256) == 0);
}

static void read_key(struct server *server, const char *path)
{
	FILE *file = fopen(path, "re");

	must(file);
	server->key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
	must(server->key);
	(void)fclose(file);
}

int main(int argc, char **argv)
{
	static struct server server = {.lock = PTHREAD_MUTEX_INITIALIZER,
	                               .come = PTHREAD_COND_INITIALIZER};
	pthread_t thread;

	if (argc != 4) {
		fprintf(stderr, "usage: floor SOCKET PUBLIC-KEY.pem DATABASE\n");
		return 2;
	}
	server.last = &server.first;
	read_key(&server, argv[2]);
	open_database(&server, argv[3]);
	open_socket(&server, argv[1]);
	for (int i = 0; i < VERIFIERS; i++)
		must(pthread_create(&thread, NULL, verifier, &server) == 0);
	puts("ready");
	(void)fflush(stdout);
	commit_for_ever(&server);
}
