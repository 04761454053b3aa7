/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/door.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

/* The doors of this release. */
static const struct guard {
	const char *service;
	enum vouch vouch; /* always; sshd's word is read from what it tells PAM */
} guards[] = {{"sudo", VOUCH_KERNEL},
              {"su", VOUCH_KERNEL},
              {"ssh", VOUCH_NOBODY},
              {"login", VOUCH_NOBODY}};

static const struct guard *guard_of(const char *service)
{
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]); i++)
		if (!strcmp(guards[i].service, service))
			return &guards[i];
	return NULL;
}

/* SSH_AUTH_INFO_0 has a line for each method that was passed: "publickey ssh-ed25519 AAAA". Gives
 * what stands after that word in the next one; NULL: there are no more. */
static const char *next_key(const char **at)
{
	static const char word[] = "publickey ";

	while (**at) {
		const char *line = *at;
		*at += strcspn(line, "\n");
		*at += **at == '\n';
		if (!strncmp(line, word, sizeof(word) - 1))
			return line + sizeof(word) - 1;
	}
	return NULL;
}

static bool passed_by_key(const char *auth_info)
{
	return next_key(&auth_info) != NULL;
}

/* All of them or none: a list that is cut, or a key that cannot be read, is no list. */
static void read_keys(const char *auth_info, struct shown_keys *keys)
{
	const char *key;

	keys->count = 0;
	while ((key = next_key(&auth_info))) {
		if (keys->count == SHOWN_KEYS_MAX ||
		    fingerprint_of_line(key, strcspn(key, "\n"), keys->fingerprints[keys->count]) <
		            0) {
			keys->count = 0;
			return;
		}
		keys->count++;
	}
}

/* sshd tells `auth` and open_session what was passed, and `account` only what was passed before a
 * prompt (measured): who sees nothing there waits for open_session. */
static void see_keys(const struct wire_check *ask, struct shown_keys *keys)
{
	read_keys(ask->auth_info, keys);
	keys->later = ask->phase == PHASE_ACCOUNT && !passed_by_key(ask->auth_info);
}

/* sshd calls `account` from its monitor without `auth` before it only where a key (or hostbased,
 * GSSAPI) has passed; SSH_AUTH_INFO_0 is still empty there (measured). After a password its monitor
 * comes with the reservation that `auth` made, as the conversing child does after a prompt. */
static bool sshd_vouches(const struct wire_check *ask, bool leads)
{
	return passed_by_key(ask->auth_info) || (ask->phase == PHASE_ACCOUNT && leads);
}

static enum vouch vouch_of(const struct guard *guard, const struct wire_check *ask, bool leads)
{
	if (!strcmp(guard->service, "ssh"))
		return sshd_vouches(ask, leads) ? VOUCH_SSHD : VOUCH_NOBODY;
	return guard->vouch;
}

static const char *source_of(const struct wire_check *ask, const struct door *door)
{
	if (door->vouch == VOUCH_KERNEL)
		return ask->ruser;
	return ask->rhost[0] ? ask->rhost : ask->tty;
}

void door_of(const struct wire_check *ask, bool leads, struct door *door)
{
	const char *service = scope_service(ask->service);
	const struct guard *guard = guard_of(service);
	/* under sudo PAM_USER is the caller until setcred, and the target from then on (measured)
	 */
	bool target_known = strcmp(service, "sudo") || ask->phase == PHASE_OPEN_SESSION;
	bool sudo_account = !strcmp(service, "sudo") && ask->phase == PHASE_ACCOUNT;

	*door = (struct door){.service = service,
	                      .account = target_known ? ask->user : NULL,
	                      .vouch = guard ? vouch_of(guard, ask, leads) : VOUCH_NOBODY,
	                      .guarded = guard,
	                      .uid = ask->uid,
	                      .may_ask = guard && ask->converse &&
	                                 (ask->phase == PHASE_AUTH || sudo_account)};
	door->named = door->vouch == VOUCH_KERNEL ? ask->ruser : ask->user;
	door->told = door->vouch != VOUCH_NOBODY;
	door->source = source_of(ask, door);
	if (guard && !strcmp(service, "ssh"))
		see_keys(ask, &door->keys);
}

bool door_shows_key(const struct door *door, const char *fingerprint)
{
	for (size_t i = 0; i < door->keys.count; i++)
		if (!strcmp(door->keys.fingerprints[i], fingerprint))
			return true;
	return false;
}

int door_scope(const struct door *door, char ret_scope[static SCOPE_SIZE])
{
	if (!door->account || !text_is_name(door->account))
		return -EINVAL;
	return text_format(ret_scope, SCOPE_SIZE, "%s:%s", door->service, door->account);
}

bool door_fits(const struct door *door, const char *scopes)
{
	char scope[SCOPE_SIZE];

	if (!door->account)
		return scope_has_service(scopes, door->service);
	return door_scope(door, scope) == 0 && scope_contains(scopes, scope);
}

int door_process(const struct wire_check *ask, const struct peer_process *peer,
                 struct process_id *ret_process)
{
	int r = 0;

	*ret_process = (struct process_id){.pid = peer->pid, .start_time = peer->start_time};
	if (!strcmp(scope_service(ask->service), "ssh"))
		r = process_leader(peer, ret_process);
	if (r == 0 && ask->phase == PHASE_OPEN_SESSION && ret_process->pid != peer->pid)
		r = -EPERM;
	return r;
}

void door_key(const struct wire_check *ask, const struct door *door, struct reservation_key *key)
{
	if (strcmp(door->service, "ssh") != 0)
		key->handle = ask->handle;
	text_sanitize(key->service, sizeof(key->service), door->service);
	if (strcmp(door->service, "sudo") != 0)
		text_sanitize(key->account, sizeof(key->account), ask->user);
}

const char *door_phase_word(unsigned int phase)
{
	static const char *const words[] = {"", "auth", "account", "open-session", "close-session"};

	return phase < sizeof(words) / sizeof(words[0]) ? words[phase] : "";
}
