/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"

#include <stdio.h>

#define LETTERS 4 /* no two words begin with the same four */

/* Chosen so that no two sound alike, or are less than three slips of the pen apart. */
static const char list[256][8] = {
	"acorn",   "agent",   "album",	 "almond",  "amber",   "anchor",  "animal",  "ankle",
	"arctic",  "arrow",   "artist",	 "aspen",   "atlas",   "autumn",  "avenue",  "badger",
	"balcony", "bamboo",  "banana",	 "barrel",  "basket",  "battery", "beaver",  "bedroom",
	"beetle",  "bench",   "berry",	 "bicycle", "bishop",  "bonnet",  "border",  "bridge",
	"buffalo", "bugle",   "cabbage", "cactus",  "camel",   "canyon",  "carpet",  "castle",
	"cedar",   "cement",  "cheese",	 "chimney", "circus",  "clinic",  "clover",  "cobra",
	"coconut", "coffee",  "compass", "cotton",  "cousin",  "cradle",  "cricket", "crystal",
	"curtain", "custard", "dairy",	 "dancer",  "decade",  "dentist", "desert",  "diamond",
	"doctor",  "dolphin", "donkey",	 "dragon",  "drum",    "dwarf",	  "echo",    "eclipse",
	"editor",  "eight",   "elbow",	 "emerald", "engine",  "evening", "fabric",  "factory",
	"family",  "farmer",  "fashion", "feather", "fiddle",  "figure",  "finger",  "flame",
	"flannel", "forest",  "fossil",	 "frog",    "fungus",  "furnace", "galaxy",  "garlic",
	"gazelle", "geology", "giant",	 "giraffe", "glacier", "goblet",  "golden",  "gorilla",
	"granite", "grape",   "guitar",	 "harvest", "helmet",  "heron",	  "hickory", "horizon",
	"hotel",   "hunter",  "hydrant", "iceberg", "indigo",  "infant",  "insect",  "island",
	"ivory",   "jaguar",  "jelly",	 "jigsaw",  "journal", "judge",	  "jury",    "kennel",
	"kingdom", "kitchen", "knife",	 "knuckle", "lagoon",  "lantern", "lattice", "library",
	"lizard",  "lobster", "locket",	 "logbook", "lunar",   "mammal",  "mango",   "maple",
	"meadow",  "mercury", "mirror",	 "mitten",  "morning", "mosaic",  "muffin",  "museum",
	"napkin",  "nomad",   "noodle",	 "north",   "nurse",   "nutmeg",  "nylon",   "oatmeal",
	"object",  "ocean",   "octopus", "office",  "olive",   "onion",	  "opera",   "orange",
	"orbit",   "orchard", "osprey",	 "outpost", "oval",    "oxygen",  "package", "palace",
	"panther", "pasture", "pebble",	 "pencil",  "picnic",  "pigeon",  "pirate",  "planet",
	"poem",	   "polar",   "potato",	 "prince",  "pumpkin", "purple",  "python",  "quarry",
	"quilt",   "quiver",  "rabbit",	 "radish",  "raven",   "razor",	  "recipe",  "resin",
	"ribbon",  "rodeo",   "rubber",	 "rugby",   "sailor",  "sandal",  "satchel", "saturn",
	"sawdust", "school",  "shelter", "silver",  "siren",   "sketch",  "slipper", "smoke",
	"snail",   "soccer",  "soldier", "spider",  "sponge",  "stable",  "summit",  "sunset",
	"swallow", "symbol",  "syrup",	 "tartan",  "teapot",  "temple",  "tennis",  "theatre",
	"toast",   "tornado", "tractor", "trumpet", "tulip",   "twelve",  "twig",    "uniform",
	"vacuum",  "vanilla", "village", "violin",  "vulture", "walnut",  "wedding", "weekend",
	"window",  "wombat",  "wreath",	 "yacht",   "yard",    "zenith",  "zigzag",  "zinc",
};

char *lw_words_text(const struct lw_digest *d, char out[static LW_WORDS_TEXT])
{
	size_t n = 0;

	for (size_t i = 0; i < LW_WORDS; i++)
		n += (size_t)snprintf(out + n, LW_WORDS_TEXT - n, "%s%s", i ? " " : "",
				      list[d->sha256[i]]);
	return out;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word off the front of the text; empty where there is none. */
static struct lw_span take_word(struct lw_span *text)
{
	size_t from = 0, to;

	while (from < text->n && is_space(text->p[from]))
		from++;
	for (to = from; to < text->n && !is_space(text->p[to]);)
		to++;

	struct lw_span word = lw_span(text->p + from, to - from);

	*text = lw_span(text->p + to, text->n - to);
	return word;
}

/* Whether it is this one, or its beginning. */
static bool is_word(struct lw_span typed, const char *word)
{
	if (typed.n < LETTERS || typed.n > strlen(word))
		return false;
	for (size_t i = 0; i < typed.n; i++) {
		uint8_t c = typed.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if (c != (uint8_t)word[i])
			return false;
	}
	return true;
}

static size_t find(struct lw_span typed)
{
	size_t i = 0;

	while (i < 256 && !is_word(typed, list[i]))
		i++;
	return i;
}

struct lw_words_typed lw_words_compare(struct lw_span typed, const struct lw_digest *d)
{
	struct lw_words_typed t = { 0 };
	bool same = true;

	for (struct lw_span word; (word = take_word(&typed)).n; t.n++) {
		size_t at = find(word);

		if (at == 256) {
			t.answer = LW_WORDS_UNKNOWN;
			t.unknown = word;
			return t;
		}
		same = same && t.n < LW_WORDS && at == d->sha256[t.n];
	}
	if (t.n != LW_WORDS)
		t.answer = LW_WORDS_COUNT;
	else
		t.answer = same ? LW_WORDS_SAME : LW_WORDS_OTHER;
	return t;
}
