/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/lexer.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

static const struct {
	char byte;
	enum lexeme_kind kind;
} marks[] = {{'{', LEXEME_OPEN}, {'}', LEXEME_CLOSE}, {'=', LEXEME_EQUALS}, {',', LEXEME_COMMA}};

static const struct {
	const char *begin, *why;
} refused[] = {
        {"+=", "+= is not taken here; write the whole value once, after ="},
        {"$", "nothing is substituted here; write the value itself, in double quotes"},
        {"'", "strings stand in double quotes: \"...\""},
        {"(", "there are no functions here, and no include(); each file stands alone"},
        {")", "there are no functions here, and no include(); each file stands alone"},
        {";", "no semicolons here; a value ends where the next key begins"},
        {"\\", "no backslash outside a string"},
        {"//", "comments begin with #"},
        {"/*", "comments begin with #"},
};

/* libconfuse passes control characters over in silence; an author would not see what counts. */
static int check_bytes(const char *text, struct complaints *complaints)
{
	unsigned int line = 1;

	for (const char *at = text; *at; at++) {
		size_t length = strcspn(at, "\t\n");
		if (length && at[length - 1] == '\r')
			return complain(complaints, line, NULL,
			                "a carriage return; end lines with a newline alone");
		if (!text_is_clean(at, length))
			return complain(
			        complaints, line, NULL,
			        "a control character, an invisible one or a byte that is no UTF-8; take it out");
		at += length;
		if (!*at)
			break;
		line += *at == '\n';
	}
	return 0;
}

static void skip_blanks(struct lexer *lexer)
{
	for (;; lexer->at++) {
		char *at = lexer->text + lexer->at;
		if (*at == '#')
			memset(at, ' ', strcspn(at, "\n"));
		if (*at == '\n')
			lexer->line++;
		else if (*at != ' ' && *at != '\t')
			return;
	}
}

/* Takes a string; only \" and \\ stand for something else than themselves. */
static int take_string(struct lexer *lexer)
{
	const char *text = lexer->text + lexer->at, *at = text + 1;

	for (; *at != '"'; at++) {
		if (!*at || *at == '\n')
			return complain(lexer->complaints, lexer->line, NULL,
			                "a string without its closing \" on the same line");
		if (*at == '$' && at[1] == '{')
			return complain(lexer->complaints, lexer->line, NULL,
			                "nothing is substituted here; take the ${ out");
		if (*at == '\t')
			return complain(lexer->complaints, lexer->line, NULL,
			                "a tab in a string; take it out");
		if (*at == '\\' && at[1] != '"' && at[1] != '\\')
			return complain(lexer->complaints, lexer->line, NULL,
			                "only \\\" and \\\\ are known after a backslash");
		at += *at == '\\';
	}
	if (at - text - 1 > STRING_MAX)
		return complain(lexer->complaints, lexer->line, NULL,
		                "a string longer than %d bytes", STRING_MAX);
	lexer->now.kind = LEXEME_STRING;
	lexer->now.length = (size_t)(at - text) + 1;
	return 0;
}

static int take_word(struct lexer *lexer)
{
	const char *at = lexer->text + lexer->at;
	size_t length = strcspn(at, " \t\n{}=,\"'()$;\\#+");

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!strncmp(at, refused[i].begin, strlen(refused[i].begin)))
			return complain(lexer->complaints, lexer->line, NULL, "%s", refused[i].why);
	while (at[length] == '+' && at[length + 1] != '=')
		length += 1 + strcspn(at + length + 1, " \t\n{}=,\"'()$;\\#+");
	lexer->now.kind = LEXEME_WORD;
	lexer->now.length = length;
	return 0;
}

int lexer_next(struct lexer *lexer)
{
	int r = 0;

	lexer->last = lexer->now.line;
	skip_blanks(lexer);
	lexer->now = (struct lexeme){.start = lexer->at, .line = lexer->line};
	if (!lexer->text[lexer->at])
		return 0;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (marks[i].byte == lexer->text[lexer->at]) {
			lexer->now.kind = marks[i].kind;
			lexer->now.length = 1;
		}
	if (!lexer->now.length)
		r = lexer->text[lexer->at] == '"' ? take_string(lexer) : take_word(lexer);
	lexer->at += lexer->now.length;
	return r;
}

int lexer_start(struct lexer *lexer, char *text, struct complaints *complaints)
{
	int r = check_bytes(text, complaints);

	*lexer = (struct lexer){.text = text, .line = 1, .complaints = complaints};
	return r < 0 ? r : lexer_next(lexer);
}
