/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"

/* A sentinel ends each list, so that a message without fields has one too. */
#define MESSAGE(name, id, sender, state) static const struct wire_field fields_##name[] = {
#define FIELD(message, type, name, min, max)                                                       \
	{#name, WIRE_##type, (int64_t)(min), (int64_t)(max), offsetof(struct wire_##message, name)},
#define END(message)                                                                               \
	{                                                                                          \
		NULL                                                                               \
	}                                                                                          \
	}                                                                                          \
	;
#include "wire/message.def"
#undef MESSAGE
#undef FIELD
#undef END

#define MESSAGE(name, id, sender, state)                                                           \
	{MESSAGE_##name,                                                                           \
	 #name,                                                                                    \
	 sender,                                                                                   \
	 state,                                                                                    \
	 fields_##name,                                                                            \
	 sizeof(fields_##name) / sizeof(fields_##name[0]) - 1,                                     \
	 sizeof(struct wire_##name)},
#define FIELD(message, type, name, min, max)
#define END(message)
const struct wire_info wire_messages[] = {
#include "wire/message.def"
};
#undef MESSAGE
#undef FIELD
#undef END
const size_t wire_message_count = sizeof(wire_messages) / sizeof(wire_messages[0]);

const struct wire_info *wire_info(unsigned int id)
{
	for (size_t i = 0; i < wire_message_count; i++)
		if ((unsigned int)wire_messages[i].id == id)
			return &wire_messages[i];
	return NULL;
}

/* ---- one field ---- */

static const size_t number_width[] = {[WIRE_U8] = 1, [WIRE_U32] = 4, [WIRE_I64] = 8};

static bool is_number(const struct wire_field *field)
{
	return field->type == WIRE_U8 || field->type == WIRE_U32 || field->type == WIRE_I64;
}

static int64_t load_number(const struct wire_field *field, const uint8_t *at)
{
	uint32_t u32;
	int64_t i64;

	if (field->type == WIRE_U8)
		return at[0];
	if (field->type == WIRE_U32) {
		memcpy(&u32, at, sizeof(u32));
		return u32;
	}
	memcpy(&i64, at, sizeof(i64));
	return i64;
}

static void store_number(const struct wire_field *field, uint8_t *at, uint64_t value)
{
	uint32_t u32 = (uint32_t)value;

	if (field->type == WIRE_U8)
		at[0] = (uint8_t)value;
	else if (field->type == WIRE_U32)
		memcpy(at, &u32, sizeof(u32));
	else
		memcpy(at, &value, sizeof(value));
}

static int check_number(const struct wire_info *info, const struct wire_field *field, int64_t value,
                        struct fault *fault)
{
	if (value >= field->min && value <= field->max)
		return 0;
	return fault_set(fault, -EINVAL, "%s.%s: %lld is outside %lld..%lld", info->name,
	                 field->name, (long long)value, (long long)field->min,
	                 (long long)field->max);
}

static int check_text(const struct wire_info *info, const struct wire_field *field,
                      const char *text, size_t length, struct fault *fault)
{
	if ((int64_t)length < field->min || (int64_t)length > field->max)
		return fault_set(fault, -EINVAL, "%s.%s: %lld to %lld bytes fit, not %zu",
		                 info->name, field->name, (long long)field->min,
		                 (long long)field->max, length);
	if (memchr(text, '\0', length))
		return fault_set(fault, -EINVAL, "%s.%s: holds a NUL byte", info->name,
		                 field->name);
	if (field->type == WIRE_TEXT && !text_is_clean(text, length))
		return fault_set(fault, -EINVAL,
		                 "%s.%s: not clean UTF-8 text (control characters?)", info->name,
		                 field->name);
	return 0;
}

static int put_field(const struct wire_info *info, const struct wire_field *field,
                     const uint8_t *at, struct buffer *out, struct fault *fault)
{
	const char *text = (const char *)at;
	size_t length;
	int r;

	if (field->type == WIRE_ID)
		return buffer_put_bytes(out, at, sizeof(struct wire_id));
	if (is_number(field)) {
		int64_t value = load_number(field, at);
		r = check_number(info, field, value, fault);
		return r < 0 ? r
		             : buffer_put_number(out, (uint64_t)value, number_width[field->type]);
	}
	length = strnlen(text, (size_t)field->max + 1);
	r = check_text(info, field, text, length, fault);
	if (r < 0)
		return r;
	r = buffer_put_number(out, length, 2);
	return r < 0 ? r : buffer_put_bytes(out, text, length);
}

static int get_text(const struct wire_info *info, const struct wire_field *field, char *text,
                    struct buffer *in, struct fault *fault)
{
	uint64_t length;
	int r = buffer_get_number(in, 2, &length);

	if (r < 0)
		return r;
	if (length > (uint64_t)field->max)
		return fault_set(fault, -EINVAL, "%s.%s: %llu bytes, at most %lld fit", info->name,
		                 field->name, (unsigned long long)length, (long long)field->max);
	r = buffer_get_bytes(in, text, length);
	if (r < 0)
		return r;
	text[length] = '\0';
	return check_text(info, field, text, length, fault);
}

static int get_field(const struct wire_info *info, const struct wire_field *field, uint8_t *at,
                     struct buffer *in, struct fault *fault)
{
	uint64_t value;
	int r;

	if (field->type == WIRE_ID)
		return buffer_get_bytes(in, at, sizeof(struct wire_id));
	if (!is_number(field))
		return get_text(info, field, (char *)at, in, fault);
	r = buffer_get_number(in, number_width[field->type], &value);
	if (r < 0)
		return r;
	store_number(field, at, value);
	return check_number(info, field, (int64_t)value, fault);
}

/* ---- whole messages ---- */

int message_encode(const struct message *message, uint8_t packet[static WIRE_PACKET],
                   size_t *ret_length, struct fault *fault)
{
	const struct wire_info *info = wire_info(message->id);
	const uint8_t *body = (const uint8_t *)&message->check;
	struct buffer out;
	int r;

	if (!info)
		return fault_set(fault, -EINVAL, "message %u is not in the list", message->id);
	buffer_init_write(&out, packet, WIRE_PACKET);
	r = buffer_put_number(&out, WIRE_VERSION, 2);
	if (r == 0)
		r = buffer_put_number(&out, info->id, 2);
	for (size_t i = 0; r == 0 && i < info->field_count; i++)
		r = put_field(info, &info->fields[i], body + info->fields[i].offset, &out, fault);
	if (r == -ENOBUFS)
		return fault_set(fault, r, "%s: more than %d bytes", info->name, WIRE_PACKET);
	if (r < 0)
		return r;
	*ret_length = out.used;
	return 0;
}

static int decode_head(struct buffer *in, const struct wire_info **ret_info, struct fault *fault)
{
	uint64_t version, id;

	if (buffer_get_number(in, 2, &version) < 0 || buffer_get_number(in, 2, &id) < 0)
		return fault_set(fault, -EBADMSG, "packet of %zu bytes has no head", in->used);
	if (version != WIRE_VERSION)
		return fault_set(
		        fault, MESSAGE_VERSION,
		        "protocol version %u is spoken here, not %u: update the older side",
		        WIRE_VERSION, (unsigned int)version);
	*ret_info = wire_info((unsigned int)id);
	if (!*ret_info)
		return fault_set(fault, -EBADMSG, "message %u is not in the list",
		                 (unsigned int)id);
	return 0;
}

int message_decode(uint8_t *packet, size_t length, struct message *ret_message, struct fault *fault)
{
	const struct wire_info *info = NULL;
	struct buffer in;
	uint8_t *body = (uint8_t *)&ret_message->check;
	int r;

	if (length > WIRE_PACKET)
		return fault_set(fault, -EBADMSG, "packet of %zu bytes, at most %d", length,
		                 WIRE_PACKET);
	buffer_init_read(&in, packet, length);
	r = decode_head(&in, &info, fault);
	if (r || !info)
		return r ? r : -EBADMSG;
	ret_message->id = MESSAGE_NONE;
	memset(body, 0, info->size);
	for (size_t i = 0; i < info->field_count; i++) {
		const struct wire_field *field = &info->fields[i];
		r = get_field(info, field, body + field->offset, &in, fault);
		if (r == -EBADMSG) /* the others have said why */
			return fault_set(fault, r, "%s.%s: packet too short", info->name,
			                 field->name);
		if (r < 0)
			return -EBADMSG;
	}
	if (buffer_left(&in))
		return fault_set(fault, -EBADMSG, "%s: %zu bytes too many", info->name,
		                 buffer_left(&in));
	ret_message->id = info->id;
	return 0;
}

void message_wipe(struct message *message)
{
	explicit_bzero(message, sizeof(*message));
}
