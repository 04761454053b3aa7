/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What crosses the sockets (PROTOCOL.md in prose). One SOCK_SEQPACKET packet is one message:
 * u16 version, u16 message, then the fields in list order; numbers little-endian, a u16 length
 * before text. A packet is read whole or refused: unknown message, value out of bounds, NUL in
 * text, missing or trailing bytes all give -EBADMSG.
 */
#ifndef JIT_WIRE_MESSAGE_H
#define JIT_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define WIRE_VERSION       1
#define WIRE_PACKET        16384     /* bytes of the largest packet */
#define WIRE_DEFAULT       INT64_MIN /* in request.seconds, approve.seconds and audit.since */
#define WIRE_PROMPT        "JIT token or code: " /* what jitd asks; askpass knows it by that */
#define WIRE_PAM_SOCKET    RUNDIR "/pam.sock"
#define WIRE_CLIENT_SOCKET RUNDIR "/jitd.sock"
#define WIRE_REAPER_SOCKET "reaper.sock" /* beside those */

enum wire_phase { PHASE_AUTH = 1, PHASE_ACCOUNT, PHASE_OPEN_SESSION, PHASE_CLOSE_SESSION };

/* MINE: all of the caller's own; PENDING: what waits for the caller's decision; OPEN: pending and
 * active ones that the caller may see; ALL: ended ones too; ACTIVE: active ones of the caller's
 * own, without the words and sessions of each. */
enum wire_view { VIEW_MINE = 1, VIEW_PENDING, VIEW_OPEN, VIEW_ALL, VIEW_ACTIVE };

enum revoke_by {
	REVOKE_ACCESS = 1,
	REVOKE_TOKEN,
	REVOKE_USER,
	REVOKE_SCOPE,
	REVOKE_KEY,
	REVOKE_ALL
};

enum rekey_by { REKEY_ROTATE = 1, REKEY_RETIRE };

enum wire_sender { WIRE_FROM_PAM = 1, WIRE_FROM_CLIENT, WIRE_FROM_JITD, WIRE_FROM_REAPER };

/* What jit-reaper says. NONE: no answer. GONE: the process that opened the session is no more.
 * REFUSED: that is none of its business. FAILED: it tried, and something lives on, or is not as
 * wanted. ABSENT: there is no systemd here. */
enum wire_result {
	RESULT_NONE = 0,
	RESULT_DONE,
	RESULT_GONE,
	RESULT_REFUSED,
	RESULT_FAILED,
	RESULT_ABSENT
};

/* Of one connection, as jitd sees it. IDLE: a command may come. ASKED: only the answer may come.
 * BUSY: nothing may come until jitd has answered. */
enum wire_state { WIRE_IDLE = 1, WIRE_ASKED, WIRE_BUSY };

enum message_id {
	MESSAGE_NONE = 0,
#define MESSAGE(name, id, sender, state) MESSAGE_##name = (id),
#define FIELD(message, type, name, min, max)
#define END(message)
#include "wire/message.def"
#undef MESSAGE
#undef FIELD
#undef END
};

struct wire_id {
	uint8_t bytes[16];
};

/* struct wire_NAME for each message; text fields are arrays of their bound + 1, NUL-terminated. */
#define WIRE_MEMBER_U8(name, max)            uint8_t name;
#define WIRE_MEMBER_U32(name, max)           uint32_t name;
#define WIRE_MEMBER_I64(name, max)           int64_t name;
#define WIRE_MEMBER_TEXT(name, max)          char name[(max) + 1];
#define WIRE_MEMBER_BYTES(name, max)         char name[(max) + 1];
#define WIRE_MEMBER_ID(name, max)            struct wire_id name;
#define MESSAGE(name, id, sender, state)     struct wire_##name {
#define FIELD(message, type, name, min, max) WIRE_MEMBER_##type(name, max)
#define END(message)                                                                               \
	}                                                                                          \
	;
#include "wire/message.def"
#undef MESSAGE
#undef FIELD
#undef END

struct message {
	enum message_id id;
	union {
#define MESSAGE(name, id, sender, state) struct wire_##name name;
#define FIELD(message, type, name, min, max)
#define END(message)
#include "wire/message.def"
#undef MESSAGE
#undef FIELD
#undef END
	};
};

enum wire_type { WIRE_U8 = 1, WIRE_U32, WIRE_I64, WIRE_TEXT, WIRE_BYTES, WIRE_ID };

struct wire_field {
	const char *name;
	enum wire_type type;
	int64_t min, max; /* of the value, or of the length in bytes */
	size_t offset;    /* in its struct wire_NAME */
};

struct wire_info {
	enum message_id id;
	const char *name;
	enum wire_sender sender;
	enum wire_state state;
	const struct wire_field *fields; /* NULL where there are none */
	size_t field_count;
	size_t size; /* of its struct wire_NAME */
};

/* The list as data. */
extern const struct wire_info wire_messages[];
extern const size_t wire_message_count;
const struct wire_info *wire_info(unsigned int id); /* NULL: no such message */

/* Into `packet`; -EINVAL with the line that names message and field where a value is out of bounds.
 */
must_check int message_encode(const struct message *message, uint8_t packet[static WIRE_PACKET],
                              size_t *ret_length, struct fault *fault);

enum {
	MESSAGE_VERSION = 1, /* another version; the line names both numbers */
};

/* 0, MESSAGE_VERSION, or -EBADMSG with the line that says what was wrong. */
must_check int message_decode(uint8_t *packet, size_t length, struct message *ret_message,
                              struct fault *fault);

/* Wipes what the message holds: for those that carry answers. */
void message_wipe(struct message *message);

#endif
