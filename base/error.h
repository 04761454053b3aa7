/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The error contract of this project.
 *
 *   0          done
 *   negative   -errno: broken, fatal for this operation; passed up unchanged
 *   positive   a result enumerated in that function's header, to be handled by its caller
 *
 * "No" and "broken" can so never be taken for one another; both deny. Functions that can fail are
 * must_check. Outputs are named ret_*, come last, and are untouched on failure.
 * What a person reads about a failure goes into a struct fault, made where the cause is known.
 */
#ifndef JIT_BASE_ERROR_H
#define JIT_BASE_ERROR_H

#define must_check __attribute__((warn_unused_result))

/* For the few calls whose failure changes nothing that follows; the place says why. */
#define best_effort(call)                                                                          \
	do {                                                                                       \
		if (call)                                                                          \
			break;                                                                     \
	} while (0)

/* One line for a person or the log: what was wrong, where, what would be right. Never a secret. */
#define FAULT_SIZE 512
struct fault {
	char text[FAULT_SIZE];
};

/* Writes the line (cut at FAULT_SIZE - 1, which only shortens a message) and returns `result`,
 * so that `return fault_set(fault, -EINVAL, "...")` reads as one step. `fault` may be NULL. */
__attribute__((format(printf, 3, 4))) int fault_set(struct fault *fault, int result,
                                                    const char *format, ...);

#endif
