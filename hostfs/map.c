// SPDX-License-Identifier: GPL-2.0
/*
 * Mapped files and their pages.
 *
 * mmap(2), and so exec, begins with pages the host's file has now. A shared
 * mapping that stays sees no writes of other nodes until the file is opened,
 * mapped or looked at again on this one; its own are written back at msync,
 * munmap and close.
 */

#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "coherent.h"

static void shared_vm_close(struct vm_area_struct *vma)
{
	const loff_t start = (loff_t)vma->vm_pgoff << PAGE_SHIFT;

	filemap_fdatawrite_range(vma->vm_file->f_mapping, start,
				 start + vma->vm_end - vma->vm_start - 1);
}

static const struct vm_operations_struct shared_vm_ops = {
	.close		= shared_vm_close,
	.fault		= filemap_fault,
	.map_pages	= filemap_map_pages,
	.page_mkwrite	= filemap_page_mkwrite,
};

int coherent_mmap_prepare(struct vm_area_desc *desc)
{
	int err = coherent_refresh(file_inode(desc->file));

	if (!err)
		err = generic_file_mmap_prepare(desc);
	if (!err && vma_desc_test(desc, VMA_SHARED_BIT))
		desc->vm_ops = &shared_vm_ops;

	return err;
}

/* Writes a dirty page on its way out of the cache. */
int coherent_launder_folio(struct folio *folio)
{
	struct inode *inode = folio->mapping->host;
	unsigned long long pos = folio_pos(folio);
	const loff_t len = min_t(loff_t, folio_size(folio),
				 i_size_read(inode) - folio_pos(folio));
	char *buffer;
	int n;

	if (!folio_clear_dirty_for_io(folio) || len <= 0)
		return 0;
	buffer = kmap_local_folio(folio, 0);
	n = write_file(hostfs_fd(inode), &pos, buffer, len);
	kunmap_local(buffer);
	if (n == len)
		return 0;
	n = n < 0 ? n : -EIO;
	mapping_set_error(folio->mapping, n);

	return n;
}

/* The caller holds the invalidate_lock, so no page comes back meanwhile. */
void coherent_drop_pages(struct inode *inode, loff_t start, loff_t end)
{
	if (inode->i_data.nrpages)
		invalidate_inode_pages2_range(inode->i_mapping,
					      start >> PAGE_SHIFT,
					      end >> PAGE_SHIFT);
}
