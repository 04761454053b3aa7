/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only owner of confuse.h. libconfuse turns the text that policy/scan.c left over into values;
 * it brings the quoting rules and the types. When it fails, or finds other things than the strict
 * reader found, the file is refused: then one of the two is wrong about what its author meant.
 */
#include "policy/conf.h"

#include <confuse.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/scan.h"
#include "policy/strings.h"

CLEANUP_DEFINE(cfg, cfg_t *, cfg_free)

/* The scanner has reported what an author can get wrong; a line of libconfuse's own would not name
 * the key, and would go to stderr. */
__attribute__((format(printf, 2, 0))) static void be_silent(cfg_t *cfg, const char *format,
                                                            va_list arguments)
{
	(void)cfg;
	(void)format;
	(void)arguments;
}

static cfg_opt_t option_of(const struct conf_key *key)
{
	const cfg_opt_t string = CFG_STR(key->name, NULL, CFGF_NONE);
	const cfg_opt_t list = CFG_STR_LIST(key->name, NULL, CFGF_NONE);
	const cfg_opt_t number = CFG_INT(key->name, 0, CFGF_NONE);
	const cfg_opt_t truth = CFG_BOOL(key->name, cfg_false, CFGF_NONE);
	const cfg_opt_t end = CFG_END();

	switch (key->type) {
	case CONF_STRING:
		return string;
	case CONF_LIST:
		return list;
	case CONF_NUMBER:
		return number;
	case CONF_BOOL:
		return truth;
	case CONF_LATER:
		break;
	}
	return end;
}

/* The keys of a kind, with room for `more` and the end. */
static cfg_opt_t *options_of(const struct conf_kind *kind, size_t more, size_t *ret_count)
{
	cfg_opt_t *options = calloc(kind->key_count + more + 1, sizeof(*options));
	size_t count = 0;

	if (!options)
		return NULL;
	for (size_t i = 0; i < kind->key_count; i++)
		if (kind->keys[i].type != CONF_LATER)
			options[count++] = option_of(&kind->keys[i]);
	options[count] = (cfg_opt_t)CFG_END();
	*ret_count = count;
	return options;
}

static void free_options(cfg_opt_t **where)
{
	for (cfg_opt_t *option = *where; option && option->name; option++)
		free(option->subopts);
	free(*where);
}

/* cfg_init() copies what it is given. */
static cfg_t *make_cfg(const struct conf_grammar *grammar)
{
	size_t count = 0;
	cleanup(free_options) cfg_opt_t *options =
	        options_of(&grammar->kinds[0], grammar->count, &count);

	if (!options)
		return NULL;
	for (size_t i = 1; i < grammar->count; i++) {
		const struct conf_kind *kind = &grammar->kinds[i];
		size_t keys;
		cfg_opt_t *inner;
		if (kind->later)
			continue;
		inner = options_of(kind, 0, &keys);
		if (!inner)
			return NULL;
		/* the scanner took the titles out, so that equal ones are not merged */
		options[count++] = (cfg_opt_t)CFG_SEC(kind->name, inner, CFGF_MULTI);
		options[count] = (cfg_opt_t)CFG_END();
	}
	return cfg_init(options, CFGF_NONE);
}

/* 0, -ENOMEM, or -EINVAL when libconfuse has other values than the scanner counted. */
static int take_values(cfg_t *section, struct conf_entry *entry)
{
	cfg_opt_t *option = cfg_getopt(section, entry->key->name);
	int r = 0;

	/* without the flag it is libconfuse's default, which nobody wrote */
	if (!option || !(option->flags & CFGF_MODIFIED) || cfg_opt_size(option) != entry->expected)
		return -EINVAL;
	if (entry->key->type == CONF_NUMBER)
		entry->number = cfg_opt_getnint(option, 0);
	if (entry->key->type == CONF_BOOL)
		entry->number = cfg_opt_getnbool(option, 0) == cfg_true;
	if (entry->key->type != CONF_STRING && entry->key->type != CONF_LIST)
		return 0;
	for (unsigned int i = 0; i < cfg_opt_size(option) && r == 0; i++) {
		const char *text = cfg_opt_getnstr(option, i);
		r = text ? strings_add(&entry->values, text, strlen(text)) : -EINVAL;
	}
	return r;
}

/* The n-th block of its kind, as libconfuse has it. */
static cfg_t *section_of(cfg_t *cfg, const struct conf_block *block)
{
	if (!block->kind->name)
		return cfg;
	return block->nth < cfg_size(cfg, block->kind->name)
	               ? cfg_getnsec(cfg, block->kind->name, block->nth)
	               : NULL;
}

static int take_block(cfg_t *cfg, struct conf_block *block)
{
	cfg_t *section = section_of(cfg, block);

	if (!section)
		return -EINVAL;
	for (size_t i = 0; i < block->count; i++) {
		int r = take_values(section, &block->entries[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Has libconfuse as many blocks of each kind as the scanner? */
static bool same_blocks(cfg_t *cfg, const struct conf_grammar *grammar, const struct conf *conf)
{
	for (size_t k = 1; k < grammar->count; k++) {
		size_t scanned = 0;
		for (size_t i = 0; i < conf->count; i++)
			scanned += conf->blocks[i].kind == &grammar->kinds[k];
		if (!grammar->kinds[k].later && cfg_size(cfg, grammar->kinds[k].name) != scanned)
			return false;
	}
	return true;
}

static int parse(const char *text, const struct conf_grammar *grammar,
                 struct complaints *complaints, struct conf *conf)
{
	static const char disagree[] = "libconfuse reads this file otherwise than it is meant; "
	                               "simplify it";
	cleanup(cleanup_cfg) cfg_t *cfg = make_cfg(grammar);
	int r = 0;

	if (!cfg)
		return -ENOMEM;
	cfg_set_error_function(cfg, be_silent);
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS)
		return complain(complaints, (unsigned int)cfg->line, NULL, "%s", disagree);
	if (!same_blocks(cfg, grammar, conf))
		return complain(complaints, 0, NULL, "%s", disagree);
	for (size_t i = 0; i < conf->count && r == 0; i++) {
		r = take_block(cfg, &conf->blocks[i]);
		if (r == -EINVAL)
			complain(complaints, conf->blocks[i].line, NULL, "%s", disagree);
	}
	return r;
}

int conf_read(const char *text, const struct conf_grammar *grammar, struct complaints *complaints,
              struct conf **ret_conf)
{
	cleanup(cleanup_conf) struct conf *conf = calloc(1, sizeof(*conf));
	cleanup(cleanup_free) char *copy = NULL;
	size_t length = strnlen(text, CONF_TEXT_MAX + 1);
	int r;

	if (length > CONF_TEXT_MAX)
		return complain(complaints, 0, NULL, "longer than %zu bytes; split it",
		                CONF_TEXT_MAX);
	copy = malloc(length + 2);
	if (!conf || !copy)
		return -ENOMEM;
	memcpy(copy, text, length);
	/* fmemopen(3) inside libconfuse wants at least one byte */
	memcpy(copy + length, "\n", 2);
	r = scan(copy, grammar, complaints, conf);
	if (r == 0)
		r = parse(copy, grammar, complaints, conf);
	if (r < 0)
		return r;
	*ret_conf = take_ptr(conf);
	return 0;
}

struct conf *conf_free(struct conf *conf)
{
	for (size_t i = 0; conf && i < conf->count; i++) {
		struct conf_block *block = &conf->blocks[i];
		for (size_t k = 0; k < block->count; k++)
			strings_done(&block->entries[k].values);
		free(block->entries);
		free(block->title);
	}
	if (conf)
		free(conf->blocks);
	free(conf);
	return NULL;
}

const struct conf_entry *conf_find(const struct conf_block *block, const char *key)
{
	for (size_t i = 0; i < block->count; i++)
		if (!strcmp(block->entries[i].key->name, key))
			return &block->entries[i];
	return NULL;
}
