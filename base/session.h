/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of sessions: "42-1" is the first of access 42.
 */
#ifndef JIT_BASE_SESSION_H
#define JIT_BASE_SESSION_H

#include <stdint.h>

#include "base/error.h"

#define SESSION_ID_SIZE 32

void session_id(uint32_t access, uint32_t number, char ret_id[static SESSION_ID_SIZE]);
/* -EINVAL unless it is what session_id() writes, of numbers from 1 on. */
must_check int session_parse(const char *id, uint32_t *ret_access, uint32_t *ret_number);

#endif
