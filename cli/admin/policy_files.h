/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules as jitd on this host would read them, for commands that need no jitd: jitd.conf, the
 * directory that it names or a draft, and what the host is called.
 */
#ifndef JIT_CLI_ADMIN_POLICY_FILES_H
#define JIT_CLI_ADMIN_POLICY_FILES_H

#include <stdio.h>

#include "base/folder.h"
#include "cli/command.h"
#include "policy/policy.h"
#include "policy/settings.h"

#define SETTINGS_PATH SYSCONFDIR "/jitd/jitd.conf"

/* Where rules come from: a draft's files may be the caller's, those of jitd.conf only root's. */
struct policy_place {
	const char *directory;
	uid_t owner;
};

struct policy_files {
	struct settings *settings;
	struct policy_place place;
	struct folder *folder;
	struct policy *policy;
	char here[256];  /* host-id of jitd.conf, else the kernel's name of this host */
	char digest[65]; /* as `status` shows that of the rules in force */
};

/* Without a jitd.conf its defaults; with one that cannot be read, too, and a warning; with one that
 * is wrong -EINVAL, reported: caps would be guesses. -ENOMEM. */
must_check int policy_settings_read(policy_report *report, void *context,
                                    struct settings **ret_settings);

/* `draft`: a directory; NULL: that of the settings, into which the result then points. */
struct policy_place policy_place_of(const struct settings *settings, const char *draft);

/* One line, without what a terminal must not get. */
void policy_line_print(FILE *to, enum policy_severity severity, const char *line);

/* Reads all, or gives up with a line for each error on stderr. After either, policy_files_done().
 */
must_check enum exit_code policy_files_read(const struct invocation *in, const char *draft,
                                            struct policy_files *ret_files);
void policy_files_done(struct policy_files *files);

#endif
