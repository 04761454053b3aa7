/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two keys for the fuzz target of tokens: fixed, so that an input does the same tomorrow. They are
 * public, and good for nothing else.
 */
#ifndef JIT_TESTS_FUZZ_TOKEN_KEYS_H
#define JIT_TESTS_FUZZ_TOKEN_KEYS_H

#define FUZZ_KEY_ES256                                                                             \
	"-----BEGIN PRIVATE KEY-----\n"                                                            \
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDM5s4Wd4poVyM5T4\n"                       \
	"jmT76c3qyMdcnSxXo5WeTpFFQ3ShRANCAARRn9Tns26XBNdsWt4krQt1eouBK+x9\n"                       \
	"Za4w47N0fw8YI8fFIy3VRFNLpmcgO+eaeSn6w8Qj62N1CmHZzb9m1MQG\n"                               \
	"-----END PRIVATE KEY-----\n"
#define FUZZ_KEY_RS256                                                                             \
	"-----BEGIN PRIVATE KEY-----\n"                                                            \
	"MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDWvHPbW7go5qfQ\n"                       \
	"TUXWKb+rv9Gxdt/eEg4dqgMuahqJbU8Qnw4thR6Muavbym1he0jl/BEd3SXgyPry\n"                       \
	"K9jOXBauCm4kmz47JVDH7wOOyHY/eRr86uUE9SsPXPLIckPzokAJLFUNmTXIe3Rg\n"                       \
	"Wq9R+xm4G21Ak84f6AENSx2jB9mVOSgX0Pd2k+/fJMWkxuc0qd+xhQ9OXaH2jOP9\n"                       \
	"ywlfbA4Kw169lksTh26uReLxlXyskRV6yo9CSxpcA2vI+1fYvtC933+oR58K3NHG\n"                       \
	"vkFj+V8wRNt6hveVmDtkJYx3GrbcQ/cIPugSRThRsvFLTfV6JRiOr7W4y4uP6ZF9\n"                       \
	"GcG6i00nAgMBAAECggEAIpCBAZ0Y3pSKDJBznk5oCMg+g5dD36X+Wa4FBxKTJO3Q\n"                       \
	"XTeM+6zCxxoX3LAPvTIwALz7MFhpgW44XoTKSCUwjWEma4QFl1WhVB1X8EK6Letb\n"                       \
	"ebyBkrO386gdeEBUScIjFpbpNeAkdRnSGLRgJg0KDcV0Z4GjGyWoDbC6m4Rm9IrM\n"                       \
	"EyVmQGPyn8P/SROQ71awQ+jnmXno7a4FOGdE/1z30kA8NVbCm6YEJAcQAjpCyc+u\n"                       \
	"fgAKB2XAGZdIEojpj+XZfr61mILgbU5xWq6wwH/BpVdeVIeFKgLDmAwTMZQfcEZ8\n"                       \
	"ZUy/riZ7dL8WAntt4pLL/ZQ0qz16ukcAcuSgC7HAWQKBgQD6FPfq59ToUr70nCT+\n"                       \
	"PYRrFpyfRaMroAiTiGcDLNr0uODOV0lq4b83oZoSD+v91oEVxfqtdlS/J5IpoMI1\n"                       \
	"PioCIvohOUzBZbX227MLmVmfIgv7SOumj9b3yQXBhg9sNMud7l6ihepikNA9OtrI\n"                       \
	"GNKCSppCkbOjT3ukNksAwmdpEwKBgQDb0VrAEiam+E0WJXdR5rnpH8T+ksZkY8rj\n"                       \
	"H00hSgjUzov9cdo8he1l9Tk/SuFb/GsXqo7kdKDTJt4VPfeolyZISwzeUacxN/l7\n"                       \
	"l3DCiiHk9uBUtJt+ahqHwRY/65m35dDP0unuQoEXJj0VDGkriSdUB7/gOaeSpCCw\n"                       \
	"fRGEBnzCHQKBgAa7McEc5Fosf/9NhKFjPoEzZpvS4AV4lUKDVWJ8fpg/sa1cJBnA\n"                       \
	"Yck5jFAYJZ37fBX98jVhDf7nLcP5E8EjHzZXgqwKQsqh1jgCydryEbt6yx/EYrNl\n"                       \
	"A8A/pOwEk72x3hkuJVXyjNCCXViIkQL5yBDBuU05ZsBqj0VoQLSQhwAJAoGAM3H5\n"                       \
	"1T3qQeWW1PoLxOVE2WSQDCx5tgEM+L7YpFPZYUS9yqEcvFFz0ArmTQPPXmHjBnTq\n"                       \
	"YFlTUlekXkBUd+Z4FS9LYbSmdoRtJRm6UC1X5WhJ9EkYoytd7iuoc2lGXp2wkxL/\n"                       \
	"oL17zNksLoLrEj9VLvtpUqbrqwwyglui/80s4ZkCgYA3/RCxIM3mqeKwdMqKYr5t\n"                       \
	"sIIxP/q3gAQrh+tQtYs9yZcKiEvDkVpa9cAg1lwAVcQ+PaPQtLQ576iPGDZxcqyS\n"                       \
	"0MulrvDH0BCx6MtkUIrY89me+6k6zUdEQxJvaibX76b2Yd85MmWlrLJvjZVDu/O6\n"                       \
	"JDPdzxxQY5GvUU46HhO4rA==\n"                                                               \
	"-----END PRIVATE KEY-----\n"

#endif
