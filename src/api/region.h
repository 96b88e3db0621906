/*
 * Regions of Genesys Cloud as data, and what users paste in their place.
 *
 * Source: the vendor's SDKs' region table (18 regions). The domain stays a free setting, since
 * regions are added often: a domain that looks like one but is not in the table is taken with a
 * warning by the caller (*known is false).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct region {
    const char *aws;    /* "ap-northeast-2" */
    const char *domain; /* "apne2.pure.cloud" */
    const char *places; /* words that users have for it, for suggestions alone */
};

extern const struct region region_table[];
extern const size_t region_count;

/* Turns an AWS name (ap-northeast-2, ap_northeast_2), a domain (mypurecloud.jp), or a URL or name
 * of the platform's login, API or application host (https://apps.mypurecloud.de/directory/#/...,
 * login.usw2.pure.cloud) into the region's domain, in the arena or static. *known tells whether it
 * is in the table. Anything else is ERR_CONFIG with its cause and the lines that may have been
 * meant: no host is guessed, since the secret is sent there. */
const char *region_domain(struct arena *a, const char *text, bool *known, struct err *e);

/* The same judgement of the host of a URL that was given in the region's place: one below the
 * platform's domains must be a region's, others (a gateway) may be any. ERR_CONFIG as above. */
bool region_fits_url(struct arena *a, const char *url, struct err *e);
