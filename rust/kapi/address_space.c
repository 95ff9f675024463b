// SPDX-License-Identifier: GPL-2.0
/*
 * Address space that goes to another node, or came from one.
 */
#include <linux/binfmts.h>
#include <linux/dcache.h>
#include <linux/elf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/ssi_kapi.h>
#include <asm/unistd.h>

/* Mappings that are more than memory: shared, of a device, or kept for huge pages. */
#define FOREIGN	(VM_SHARED | VM_IO | VM_PFNMAP | VM_MIXEDMAP | VM_HUGETLB | VM_DROPPABLE | \
		 VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR)

/* --- taken: of a process that does not run --- */

struct mm_struct *ssi_memory_hold(void)
{
	mmget(current->mm);
	return current->mm;
}

/* In bytes: what it has in use, of its own and of files. */
u64 ssi_memory_resident(struct mm_struct *mm)
{
	return (u64)get_mm_rss(mm) << PAGE_SHIFT;
}

/* That of process @pid of this node; NULL if there is none. */
struct mm_struct *ssi_memory_of(u32 pid)
{
	struct task_struct *task = find_get_task_by_vpid(pid);
	struct mm_struct *mm;

	if (!task)
		return NULL;
	mm = get_task_mm(task);
	put_task_struct(task);
	return mm;
}

/* Whether nobody has it but us: the process has ended, or executed a program. */
bool ssi_memory_is_left(struct mm_struct *mm)
{
	return atomic_read(&mm->mm_users) == 1;
}

void ssi_memory_get(struct mm_struct *mm)
{
	mmget(mm);
}

void ssi_memory_drop(struct mm_struct *mm)
{
	mmput(mm);
}

/* The length of the name of the running program's file, without the zero byte. */
ssize_t ssi_memory_program(char *buffer, size_t bytes)
{
	struct file *file = get_mm_exe_file(current->mm);
	char *name = ERR_PTR(-ENOENT);

	if (!file)
		return -ENOENT;
	if (!d_unlinked(file_dentry(file)))
		name = d_path(&file->f_path, buffer, bytes);
	fput(file);
	if (IS_ERR(name))
		return PTR_ERR(name);
	bytes = strlen(name);
	memmove(buffer, name, bytes + 1);
	return bytes;
}

/* The kernel's own code in a program: of no file, and not of the program. */
static bool ssi_is_vdso(const struct vm_area_struct *vma)
{
	return vma->vm_start == um_vdso_addr && !vma->vm_file && !vma_is_anonymous(vma);
}

/* Negative for an area that does not travel. */
static int ssi_origin(const struct vm_area_struct *vma)
{
	struct inode *inode;
	bool is_shared;

	if (vma->vm_flags & FOREIGN)
		return -EOPNOTSUPP;
	if (vma_is_anonymous(vma))
		return SSI_MAPPING_ANONYMOUS;
	if (ssi_is_vdso(vma))
		return SSI_MAPPING_VDSO;
	if (!vma->vm_file || !S_ISREG(file_inode(vma->vm_file)->i_mode))
		return -EOPNOTSUPP;
	inode = file_inode(vma->vm_file);
	is_shared = ssi_file_is_shared(inode) && !d_unlinked(file_dentry(vma->vm_file));
	if (vma->vm_flags & VM_MAYSHARE)
		return is_shared ? SSI_MAPPING_SHARED : -EOPNOTSUPP;
	return is_shared ? SSI_MAPPING_FILE : SSI_MAPPING_COPIED;
}

bool ssi_mapping_travels(const struct vm_area_struct *vma)
{
	return ssi_origin(vma) >= 0;
}

static const struct {
	vm_flags_t flag;
	u32 trait;
	int advice;	/* of madvise(2), if it is one */
} traits[] = {
	{ VM_GROWSDOWN, SSI_TRAIT_GROWS_DOWN },
	{ VM_NORESERVE, SSI_TRAIT_NO_RESERVE },
	{ VM_WIPEONFORK, SSI_TRAIT_WIPED_ON_FORK, MADV_WIPEONFORK },
	{ VM_DONTCOPY, SSI_TRAIT_NOT_FORKED, MADV_DONTFORK },
	{ VM_DONTDUMP, SSI_TRAIT_NOT_DUMPED, MADV_DONTDUMP },
	{ VM_SEQ_READ, SSI_TRAIT_SEQUENTIAL, MADV_SEQUENTIAL },
	{ VM_RAND_READ, SSI_TRAIT_RANDOM, MADV_RANDOM },
	{ VM_LOCKED, SSI_TRAIT_LOCKED },
	{ VM_LOCKONFAULT, SSI_TRAIT_LOCKED_ON_FAULT },
};

static int ssi_describe(const struct vm_area_struct *vma, struct ssi_mapping *mapping,
			char *name, size_t bytes)
{
	int origin = ssi_origin(vma);
	char *path;

	if (origin < 0)
		return origin;
	*mapping = (struct ssi_mapping) {
		.start = vma->vm_start,
		.end = vma->vm_end,
		.origin = origin,
		.protection = (vma->vm_flags & VM_READ ? PROT_READ : 0) |
			      (vma->vm_flags & VM_WRITE ? PROT_WRITE : 0) |
			      (vma->vm_flags & VM_EXEC ? PROT_EXEC : 0),
	};
	for (int i = 0; i < ARRAY_SIZE(traits); i++)
		if (vma->vm_flags & traits[i].flag)
			mapping->traits |= traits[i].trait;
	name[0] = '\0';
	if (origin != SSI_MAPPING_FILE && origin != SSI_MAPPING_SHARED)
		return 1;
	mapping->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	ssi_file_identify(file_inode(vma->vm_file), &mapping->identity);
	path = d_path(&vma->vm_file->f_path, name, bytes);
	if (IS_ERR(path))
		return PTR_ERR(path);
	memmove(name, path, strlen(path) + 1);
	return 1;
}

/* The first area that ends behind @address, and the name of its file; 0 if there is none. */
int ssi_mapping_next(struct mm_struct *mm, u64 address, struct ssi_mapping *mapping,
		     char *name, size_t bytes)
{
	struct vm_area_struct *vma;
	int error = mmap_read_lock_killable(mm);

	if (error)
		return error;
	vma = find_vma(mm, address);
	error = vma ? ssi_describe(vma, mapping, name, bytes) : 0;
	mmap_read_unlock(mm);
	return error;
}

/* Whether @address is behind the end of the file of @vma. */
static bool ssi_is_behind(const struct vm_area_struct *vma, u64 address)
{
	return vma->vm_file && !vma_is_anonymous(vma) &&
	       (u64)linear_page_index(vma, address) << PAGE_SHIFT >=
		       i_size_read(file_inode(vma->vm_file));
}

/* Up to where nothing is from @address on, as behind the end of a file; or @address. */
u64 ssi_memory_hole_end(struct mm_struct *mm, u64 address)
{
	struct vm_area_struct *vma;
	u64 end = address;

	mmap_read_lock(mm);
	vma = find_vma(mm, address);
	if (!vma)
		end = max(address, (u64)TASK_SIZE);
	else if (address < vma->vm_start)
		end = vma->vm_start;
	else if (ssi_is_behind(vma, address))
		end = vma->vm_end;
	mmap_read_unlock(mm);
	return end;
}

/* Copies the page at @address: 1, or 0 if there is none. May sleep. */
int ssi_memory_read(struct mm_struct *mm, u64 address, struct page *to)
{
	void *bytes = kmap_local_page(to);
	int count = access_remote_vm(mm, address, bytes, PAGE_SIZE, FOLL_FORCE);

	kunmap_local(bytes);
	if (count == PAGE_SIZE)
		return 1;
	return ssi_memory_hole_end(mm, address) > address ? 0 : -EIO;
}

/* --- made: of the current task --- */

/* A task that executes a file for nothing but to have an empty address space. */
struct ssi_blank {
	struct list_head list;
	struct task_struct *task;
};

static LIST_HEAD(blanks);
static DEFINE_SPINLOCK(blanks_lock);

static bool ssi_wants_blank(void)
{
	struct ssi_blank *blank;

	if (list_empty_careful(&blanks))
		return false;
	guard(spinlock)(&blanks_lock);
	list_for_each_entry(blank, &blanks, list)
		if (blank->task == current)
			return true;
	return false;
}

/* A format of programs that has nothing of the file in the address space. */
static int ssi_load_blank(struct linux_binprm *bprm)
{
	int error;

	if (!ssi_wants_blank())
		return -ENOEXEC;
	error = begin_new_exec(bprm);
	if (error)
		return error;
	setup_new_exec(bprm);
	/* What is there are the arguments. */
	error = vm_munmap(0, TASK_SIZE);
	bprm->vma = NULL;
	finalize_exec(bprm);
	return error;
}

static struct linux_binfmt blank_format = {
	.load_binary = ssi_load_blank,
};

void ssi_memory_begin(void)
{
	insert_binfmt(&blank_format);
}

/* Whether that is the name of what is executed. A link may lead past a closed folder. */
static bool ssi_is_program(const char *path)
{
	char *name = kmalloc(PATH_MAX, GFP_KERNEL);
	bool is_it = name && ssi_memory_program(name, PATH_MAX) >= 0 && !strcmp(name, path);

	kfree(name);
	return is_it;
}

/*
 * Gives the current task an empty address space, as if it executed the file at @path: for
 * /proc it does. It is a task that was made for that, and has the rights of the kernel.
 * -EACCES if there is a link on the way.
 */
int ssi_memory_blank(const char *path)
{
	static const char *const arguments[] = { "ssi", NULL };
	static const char *const environment[] = { NULL };
	struct ssi_blank blank = { .task = current };
	int error;

	scoped_guard(spinlock, &blanks_lock)
		list_add(&blank.list, &blanks);
	error = kernel_execve(path, arguments, environment);
	scoped_guard(spinlock, &blanks_lock)
		list_del(&blank.list);
	if (!error && !ssi_is_program(path))
		error = -EACCES;
	return error;
}

static int ssi_advise(const struct ssi_mapping *mapping)
{
	int error = 0;

	for (int i = 0; i < ARRAY_SIZE(traits) && !error; i++)
		if (traits[i].advice && (mapping->traits & traits[i].trait))
			error = do_madvise(current->mm, mapping->start,
					   mapping->end - mapping->start, traits[i].advice);
	return error;
}

static bool ssi_is_locked(u64 address)
{
	struct vm_area_struct *vma;

	guard(mmap_read_lock)(current->mm);
	vma = find_vma(current->mm, address);
	return vma && vma->vm_flags & VM_LOCKED;
}

/* mlock2(2) fails, too, if there are pages it cannot make, as where nobody may read. */
static int ssi_lock(const struct ssi_mapping *mapping)
{
	bool on_fault = mapping->traits & SSI_TRAIT_LOCKED_ON_FAULT;
	const unsigned long arguments[6] = {
		mapping->start, mapping->end - mapping->start, on_fault ? MLOCK_ONFAULT : 0,
	};
	long error;

	if (!(mapping->traits & SSI_TRAIT_LOCKED))
		return 0;
	error = ssi_syscall_native(__NR_mlock2, arguments);
	return error && !ssi_is_locked(mapping->start) ? error : 0;
}

static unsigned long ssi_map_flags(const struct ssi_mapping *mapping, bool has_file)
{
	unsigned long flags = MAP_FIXED_NOREPLACE;

	flags |= mapping->origin == SSI_MAPPING_SHARED ? MAP_SHARED : MAP_PRIVATE;
	if (!has_file)
		flags |= MAP_ANONYMOUS;
	if (mapping->traits & SSI_TRAIT_GROWS_DOWN)
		flags |= MAP_GROWSDOWN;
	if (mapping->traits & SSI_TRAIT_NO_RESERVE)
		flags |= MAP_NORESERVE;
	return flags;
}

static int ssi_map(const struct ssi_mapping *mapping, struct file *file)
{
	unsigned long address = vm_mmap(file, mapping->start, mapping->end - mapping->start,
					mapping->protection, ssi_map_flags(mapping, file),
					file ? mapping->offset : 0);

	if (IS_ERR_VALUE(address))
		return address;
	if (address != mapping->start)
		return -ENOMEM;
	return ssi_advise(mapping) ?: ssi_lock(mapping);
}

static int ssi_map_vdso(const struct ssi_mapping *mapping)
{
	if (mapping->start != um_vdso_addr || mapping->end != um_vdso_addr + PAGE_SIZE)
		return -EOPNOTSUPP;
	return arch_setup_additional_pages(NULL, 0);
}

/*
 * Maps one more area, of the file at @path if it is of one. 1 if that is not the file that
 * was meant: then there is memory in its place, for the contents.
 */
int ssi_mapping_make(const struct ssi_mapping *mapping, const char *path)
{
	struct file *file = NULL;
	bool is_of_file = mapping->origin == SSI_MAPPING_FILE ||
			  mapping->origin == SSI_MAPPING_SHARED;
	int error;

	if (mapping->origin == SSI_MAPPING_VDSO)
		return ssi_map_vdso(mapping);
	if (is_of_file) {
		file = ssi_file_open_same(path, &mapping->identity);
		if (IS_ERR(file) && mapping->origin == SSI_MAPPING_SHARED)
			return -EOPNOTSUPP;
		if (IS_ERR(file))
			file = NULL;
	}
	error = ssi_map(mapping, file);
	if (error)
		goto out;
	error = is_of_file && !file;
out:
	if (file)
		fput(file);
	return error;
}

/* Puts a page at @address, whoever may write there. May sleep. */
int ssi_memory_write(u64 address, struct page *from)
{
	void *bytes = kmap_local_page(from);
	int count = access_remote_vm(current->mm, address, bytes, PAGE_SIZE,
				     FOLL_WRITE | FOLL_FORCE);

	kunmap_local(bytes);
	return count == PAGE_SIZE ? 0 : -ENOMEM;
}
