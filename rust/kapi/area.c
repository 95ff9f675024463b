// SPDX-License-Identifier: GPL-2.0
/*
 * User memory of kernel threads.
 */
#include <linux/cleanup.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/semaphore.h>
#include <linux/sched/task.h>
#include <linux/ssi_kapi.h>

/* Once made it stays: on UML a mm is a process of the host, slow to start. */
struct ssi_area {
	struct mm_struct *mm;
	unsigned long address;
	bool used;
};

static struct ssi_area ssi_areas[SSI_AREAS_MAX];
static DEFINE_MUTEX(ssi_areas_lock);	/* @used of all of them */
static DEFINE_SEMAPHORE(ssi_areas_idle, SSI_AREAS_MAX);

/* The first idle one, so that those that were made are used before others. */
static struct ssi_area *ssi_area_take(void)
{
	guard(mutex)(&ssi_areas_lock);
	for (int i = 0; i < SSI_AREAS_MAX; i++) {
		if (!ssi_areas[i].used) {
			ssi_areas[i].used = true;
			return &ssi_areas[i];
		}
	}
	return NULL;
}

static void ssi_area_give(struct ssi_area *area)
{
	scoped_guard(mutex, &ssi_areas_lock)
		area->used = false;
	up(&ssi_areas_idle);
}

/* Makes the memory and attaches it. */
static int ssi_area_make(struct ssi_area *area)
{
	struct mm_struct *mm = mm_alloc();
	unsigned long address;

	if (!mm)
		return -ENOMEM;
	mm->task_size = TASK_SIZE;
#ifdef CONFIG_MEMCG
	/* Not the thread that happens to be first, which comes to an end. */
	mm->owner = &init_task;
#endif
	arch_pick_mmap_layout(mm, &current->signal->rlim[RLIMIT_STACK]);
	kthread_use_mm(mm);
	address = vm_mmap(NULL, 0, SSI_AREA_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(address)) {
		kthread_unuse_mm(mm);
		mmput(mm);
		return address;
	}
	area->mm = mm;
	area->address = address;
	return 0;
}

struct ssi_area *ssi_area_attach(void)
{
	struct ssi_area *area;
	int error = 0;

	if (!(current->flags & PF_KTHREAD) || current->mm)
		return ERR_PTR(-EBUSY);
	if (down_killable(&ssi_areas_idle))
		return ERR_PTR(-EINTR);
	area = ssi_area_take();
	if (WARN_ON_ONCE(!area))
		return ERR_PTR(-EBUSY);
	if (area->mm)
		kthread_use_mm(area->mm);
	else
		error = ssi_area_make(area);
	if (error) {
		ssi_area_give(area);
		return ERR_PTR(error);
	}
	return area;
}

/* The pages go, so that whoever is next finds zeros. */
void ssi_area_detach(struct ssi_area *area)
{
	WARN_ON_ONCE(do_madvise(area->mm, area->address, SSI_AREA_BYTES, MADV_DONTNEED));
	kthread_unuse_mm(area->mm);
	ssi_area_give(area);
}

/*
 * A file of a process is read with its locks and its pages, for which one may have to
 * wait for ever. So many threads may do so that there are areas for others.
 */
static DEFINE_SEMAPHORE(ssi_files, SSI_AREAS_MAX - 1);

/*
 * Gives the niceness to go back to. Who serves calls runs before all programs of the
 * node; to write long texts for others is not worth that.
 */
int ssi_files_begin(int *nice)
{
	if (down_timeout(&ssi_files, msecs_to_jiffies(20)))
		return -EBUSY;
	*nice = task_nice(current);
	set_user_nice(current, 0);
	return 0;
}

void ssi_files_end(int nice)
{
	set_user_nice(current, nice);
	up(&ssi_files);
}

unsigned long ssi_area_address(const struct ssi_area *area)
{
	return area->address;
}
