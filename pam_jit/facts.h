/* SPDX-License-Identifier: Apache-2.0 */
/* PAM's facts for jitd: items and PAM environment, as they are; never the process environment. */
#ifndef JIT_PAM_JIT_FACTS_H
#define JIT_PAM_JIT_FACTS_H

#include <security/pam_modules.h>

#include "base/error.h"
#include "wire/message.h"

/* Fills the texts of `ret_check`; what PAM does not have becomes empty text. -ENAMETOOLONG with the
 * name of what does not fit; -EIO. On failure the texts may be filled in part. */
must_check int facts_collect(pam_handle_t *pamh, struct wire_check *ret_check, struct fault *fault);

#endif
