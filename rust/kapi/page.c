// SPDX-License-Identifier: GPL-2.0
/*
 * Pages with more than one owner.
 */
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/ssi_kapi.h>

struct page *ssi_page_alloc(void)
{
	return alloc_page(GFP_NOIO | __GFP_NOWARN);
}

void ssi_page_get(struct page *page)
{
	get_page(page);
}

void ssi_page_copy(struct page *to, struct page *from)
{
	copy_highpage(to, from);
}

bool ssi_page_is_zero(struct page *page)
{
	void *bytes = kmap_local_page(page);
	bool is_zero = !memchr_inv(bytes, 0, PAGE_SIZE);

	kunmap_local(bytes);
	return is_zero;
}

void ssi_page_put(struct page *page)
{
	put_page(page);
}

void ssi_page_read(struct page *page, size_t offset, void *to, size_t bytes)
{
	memcpy_from_page(to, page, offset, bytes);
}

void ssi_page_write(struct page *page, size_t offset, const void *from, size_t bytes)
{
	memcpy_to_page(page, offset, from, bytes);
}
