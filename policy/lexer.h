/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a configuration file, strictly: blanks, comments from '#' to the end of the line,
 * { } = , "strings" and bare words. All else refuses: what libconfuse would take, guess at or skip
 * (+=, ${}, 'strings', functions, // and C comments, stray characters, control characters).
 */
#ifndef JIT_POLICY_LEXER_H
#define JIT_POLICY_LEXER_H

#include <stddef.h>

#include "policy/complaint.h"

#define STRING_MAX 1024 /* bytes between two quotes */

enum lexeme_kind {
	LEXEME_END = 0,
	LEXEME_WORD,   /* a key, a number, true, false: anything bare */
	LEXEME_STRING, /* with its quotes */
	LEXEME_OPEN,
	LEXEME_CLOSE,
	LEXEME_EQUALS,
	LEXEME_COMMA,
};

struct lexeme {
	enum lexeme_kind kind;
	size_t start, length; /* bytes in the text */
	unsigned int line;
};

struct lexer {
	char *text; /* writable copy of the caller's: comments become blanks */
	size_t at;
	unsigned int line;
	struct complaints *complaints;
	struct lexeme now;
	unsigned int last; /* line of the lexeme before `now` */
};

/* Looks the whole text over for bytes that no line may hold, and takes the first lexeme. -EINVAL:
 * reported; nothing more can be read. */
must_check int lexer_start(struct lexer *lexer, char *text, struct complaints *complaints);
/* Takes the next lexeme into `now`. -EINVAL as above. */
must_check int lexer_next(struct lexer *lexer);

#endif
