/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a PAM application that loads the built module through libpam, a jitd that plays a
 * script (in a child process), and the calls of the module, watched and made to fail. The program
 * exports its own getuid(), pam_syslog() and others, which the module's calls then find.
 */
#ifndef JIT_PAM_JIT_STAGE_H
#define JIT_PAM_JIT_STAGE_H

#include "config.h"

#include <security/pam_appl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/message.h"

#define SOCKET_NAME "run/pam.sock"

/* ---- the script ---- */

struct step {
	enum {
		STEP_PACKET,   /* send `packet` */
		STEP_ANSWER,   /* receive an answer */
		STEP_IF_GIVEN, /* stop here with a denial unless the last answer was given */
		STEP_PAUSE,    /* for `length` ms */
		STEP_HANG,     /* until the module closes */
	} what;
	size_t length;
	uint8_t packet[WIRE_PACKET + 1];
};

struct report { /* what jitd saw */
	unsigned int checks, answers, hung_up;
	struct wire_check check;
	struct wire_answer answer;
};

extern const struct report *seen; /* shared with the child */

void script_clear(void);
void script_say(const char *text);
void script_ask(bool echo, const char *text); /* and receives the answer */
void script_ask_or_deny(const char *text);    /* denies unless it was given */
void script_wait(void);
void script_verdict(uint32_t decision, uint32_t access, uint32_t remaining, const char *text);
void script_bytes(const void *bytes, size_t length);
void script_pause(size_t ms);
void script_hang(void);
size_t script_verdict_bytes(uint8_t *ret_packet); /* of an allow, to be damaged */

void server_start(void);      /* plays the script to every connection; forgets what was seen */
void server_start_deaf(void); /* accepts and closes, reading nothing */
void server_stop(void);

/* ---- the application ---- */

struct person {
	enum {
		PERSON_TYPES,
		PERSON_GIVES_NO_RESPONSE,
		PERSON_GIVES_NO_TEXT,
		PERSON_FAILS,
		PERSON_FAILS_WITH_TEXT,
	} does;
	const char *types;
	unsigned int calls, prompts, wrong; /* wrong: not one message at a time */
	int style;                          /* of the last call */
	char text[1024];
};

extern struct person person;
extern const char *stage_directory;

void stage_open(void); /* makes the folder with the stacks' place */
void stage_close(void);
/* A handle of `service` whose stack is the module alone with `options` after its socket=. */
pam_handle_t *stage_begin(const char *service, const char *user, const char *options);
/* The same with the whole option text. */
pam_handle_t *stage_begin_with(const char *service, const char *user, const char *options);
int stage_hook(pam_handle_t *pamh, enum wire_phase phase);
/* begin, one hook, end */
int stage_once(const char *service, enum wire_phase phase, const char *options);
int64_t stage_ms(void);

/* ---- the module's calls ---- */

struct watch {
	uid_t uid;                     /* what getuid() says */
	uid_t server_uid, owner_uid;   /* what SO_PEERCRED and lstat() say, unless KEEP */
	unsigned int fail_at, reached; /* the call that fails, counted from 1; 0: none */
	const char *failed;            /* its name */
	unsigned int denials;          /* log lines "denied: ..." */
	char log[1024];                /* the last of them */
	char everything_logged[65536];
	char runtime_max[32]; /* PAM data systemd.runtime_max_sec */
};

#define KEEP ((uid_t)-1)
extern struct watch watch;
void watch_clear(void); /* an ordinary caller, nothing fails, nothing logged */

#endif
