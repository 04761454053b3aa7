/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "wire/message.h"

static uint8_t packet[WIRE_PACKET];
static struct message in, out;
static struct fault fault;

/* Fills every field with its lowest or highest value. */
static void fill(struct message *message, const struct wire_info *info, int high)
{
	uint8_t *body = (uint8_t *)&message->check;

	memset(message, 0, sizeof(*message));
	message->id = info->id;
	for (size_t i = 0; i < info->field_count; i++) {
		const struct wire_field *field = &info->fields[i];
		int64_t value = high ? field->max : field->min;
		uint8_t *at = body + field->offset;
		if (field->type == WIRE_TEXT || field->type == WIRE_BYTES)
			memset(at, 'x', (size_t)value);
		else if (field->type == WIRE_ID)
			memset(at, high, sizeof(struct wire_id));
		else
			memcpy(at, &value,
			       field->type == WIRE_U8    ? 1
			       : field->type == WIRE_U32 ? 4
			                                 : 8);
	}
}

static void every_message_survives_the_way_at_both_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_message_count; i++)
		for (int high = 0; high < 2; high++) {
			const struct wire_info *info = &wire_messages[i];
			size_t length;
			fill(&in, info, high);
			memset(&out, 0, sizeof(out));
			assert_int_equal(message_encode(&in, packet, &length, &fault), 0);
			assert_int_equal(message_decode(packet, length, &out, &fault), 0);
			assert_int_equal(out.id, in.id);
			assert_memory_equal(&in.check, &out.check, info->size);
		}
}

static void every_cut_and_every_extra_byte_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < wire_message_count; i++) {
		size_t length;
		fill(&in, &wire_messages[i], 1);
		assert_int_equal(message_encode(&in, packet, &length, &fault), 0);
		for (size_t cut = 0; cut < length; cut++)
			assert_int_equal(message_decode(packet, cut, &out, &fault), -EBADMSG);
		if (length == WIRE_PACKET)
			continue;
		packet[length] = 0;
		assert_int_equal(message_decode(packet, length + 1, &out, &fault), -EBADMSG);
		assert_non_null(strstr(fault.text, wire_messages[i].name));
	}
}

/* What it says is of this packet, whatever the fault said before. */
static void a_packet_too_short_names_the_field(void **state)
{
	size_t length;

	(void)state;
	in = (struct message){.id = MESSAGE_ask, .ask.text = "Token: "};
	fault = (struct fault){.text = "something else"};
	assert_int_equal(message_encode(&in, packet, &length, &fault), 0);
	assert_int_equal(message_decode(packet, length - 1, &out, &fault), -EBADMSG);
	assert_string_equal(fault.text, "ask.text: packet too short");
	packet[length - strlen("Token: ") - 1] = 0xff; /* a length above any that fits */
	assert_int_equal(message_decode(packet, length, &out, &fault), -EBADMSG);
	assert_non_null(strstr(fault.text, "ask.text: 65287 bytes, at most 256 fit"));
}

static void a_value_out_of_bounds_names_message_and_field(void **state)
{
	size_t length;

	(void)state;
	memset(&in, 0, sizeof(in));
	in.id = MESSAGE_check;
	in.check.phase = 5;
	assert_int_equal(message_encode(&in, packet, &length, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "check.phase"));
	in.check.phase = 1;
	assert_int_equal(message_encode(&in, packet, &length, &fault), 0);
	packet[4] = 9;
	assert_int_equal(message_decode(packet, length, &out, &fault), -EBADMSG);
	assert_non_null(strstr(fault.text, "check.phase"));
}

static void unknown_messages_and_versions_are_refused(void **state)
{
	uint8_t unknown[] = {WIRE_VERSION, 0, 0xff, 0x7f}, version[] = {WIRE_VERSION + 1, 0, 47, 0};

	(void)state;
	assert_int_equal(message_decode(unknown, sizeof(unknown), &out, &fault), -EBADMSG);
	assert_int_equal(message_decode(version, sizeof(version), &out, &fault), MESSAGE_VERSION);
	assert_non_null(strstr(fault.text, "version 1"));
	assert_non_null(strstr(fault.text, "not 2"));
}

static void control_characters_and_nul_stay_out_of_text(void **state)
{
	size_t length;

	(void)state;
	memset(&in, 0, sizeof(in));
	in.id = MESSAGE_refused;
	strcpy(in.refused.text, "ok");
	assert_int_equal(message_encode(&in, packet, &length, &fault), 0);
	packet[7] = '\n';
	assert_int_equal(message_decode(packet, length, &out, &fault), -EBADMSG);
	packet[7] = '\0';
	assert_int_equal(message_decode(packet, length, &out, &fault), -EBADMSG);
}

/* Random damage to good packets: never a crash, never a message that does not encode again. */
static void damaged_packets_are_refused_or_sound(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		const struct wire_info *info = &wire_messages[(size_t)round % wire_message_count];
		size_t length, again;
		fill(&in, info, round & 1);
		assert_int_equal(message_encode(&in, packet, &length, &fault), 0);
		for (int hits = 0; hits < 3; hits++) {
			seed = seed * 1664525 + 1013904223;
			packet[(seed >> 8) % length] = (uint8_t)(seed >> 24);
		}
		if (message_decode(packet, length, &out, &fault) == 0)
			assert_int_equal(message_encode(&out, packet, &again, &fault), 0);
	}
}

static void protocol_page_lists_every_message(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[512], line[512], want[128];
	size_t seen = 0;
	FILE *page;

	(void)state;
	snprintf(path, sizeof(path), "%s/wire/PROTOCOL.md", top ? top : ".");
	page = fopen(path, "r");
	assert_non_null(page);
	while (fgets(line, sizeof(line), page))
		for (size_t i = 0; i < wire_message_count; i++) {
			snprintf(want, sizeof(want), "| %d | `%s` |", (int)wire_messages[i].id,
			         wire_messages[i].name);
			if (!strncmp(line, want, strlen(want))) {
				seen++;
				for (size_t f = 0; f < wire_messages[i].field_count; f++) {
					snprintf(want, sizeof(want), "`%s`",
					         wire_messages[i].fields[f].name);
					if (!strstr(line, want))
						fail_msg("PROTOCOL.md: %s lacks %s",
						         wire_messages[i].name, want);
				}
			}
		}
	fclose(page);
	assert_int_equal(seen, wire_message_count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_message_survives_the_way_at_both_bounds),
	        cmocka_unit_test(every_cut_and_every_extra_byte_is_refused),
	        cmocka_unit_test(a_packet_too_short_names_the_field),
	        cmocka_unit_test(a_value_out_of_bounds_names_message_and_field),
	        cmocka_unit_test(unknown_messages_and_versions_are_refused),
	        cmocka_unit_test(control_characters_and_nul_stay_out_of_text),
	        cmocka_unit_test(damaged_packets_are_refused_or_sound),
	        cmocka_unit_test(protocol_page_lists_every_message),
	};

	return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
